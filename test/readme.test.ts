/** The README's snippets are judged, compiled and run; its facts are those of the code. */

import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { supports } from '../cli/context.ts';
import type { Terminal } from '../cli/output.ts';
import { tributary } from '../cli/program.ts';
import { loadConnector } from '../connectors/registry.ts';
import { readConnection } from '../core/connection.ts';
import { flowSchema } from '../core/flow/definition.ts';
import { readFlow } from '../core/flow/read.ts';
import { warnings } from '../core/flow/rules.ts';
import { notRunnable } from '../core/flow/runnable.ts';
import { taskTypes } from '../core/flow/task.ts';
import { makeDemoHome } from '../scripts/demo-home.ts';
import { compiled, snippetsOf } from './support/snippets.ts';

const readme = await readFile('README.md', 'utf8');

const blocks = snippetsOf(readme);
const inLanguage = (language: string): string[] =>
  blocks.filter((block) => block.language === language).map(({ text }) => text);

describe('README', () => {
  it('begins with a flow of 15 lines, which is correct and runs', () => {
    const [text = '', ...others] = inLanguage('yaml');
    expect(others).toEqual([]);
    expect(text.trimEnd().split('\n')).toHaveLength(15);
    const flow = readFlow(text, 'README.md');
    expect(warnings(flow)).toEqual([]);
    expect(notRunnable(flow, supports)).toEqual([]);
  });

  it('has TypeScript that compiles', async () => {
    const texts = inLanguage('ts');
    expect(texts).toHaveLength(1);
    await compiled(texts, async () => {});
  }, 60_000);

  it('links to what is there', async () => {
    for (const file of ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', ...(await markdownBelow('docs'))]) {
      const text = await readFile(file, 'utf8');
      for (const [, target = ''] of text.matchAll(/\]\((?!https?:|#)([^)#]+)[^)]*\)/g)) {
        await expect(stat(join(dirname(file), target)), `${file}: ${target}`).resolves.toBeDefined();
      }
    }
  });

  it('says what is supported', async () => {
    const row = (name: string): string =>
      new RegExp(`^\\| ${name} +\\| (.+?) +\\|$`, 'm').exec(readme)?.[1] ?? '';
    const labels = async (names: Iterable<string>) =>
      (await Promise.all([...names].map(async (name) => (await loadConnector(name))?.label))).sort();
    expect(row('Sources').split(', ').sort()).toEqual(await labels(supports.sources));
    expect(row('Destinations').split(', ').sort()).toEqual(await labels(supports.destinations));
    const { sourceFlowConfig, destinationFlowConfigList } = flowSchema.shape;
    const read = sourceFlowConfig.shape.sourceConnectorProperties.shape.S3.unwrap().shape.s3InputFormatConfig;
    expect(row('Files read').split(', ')).toEqual(read.unwrap().shape.s3InputFileType.unwrap().options);
    const written =
      destinationFlowConfigList.element.shape.destinationConnectorProperties.shape.S3.unwrap().shape
        .s3OutputFormatConfig;
    expect(row('Files written').split(', ')).toEqual(written.unwrap().shape.fileType.unwrap().options);
    expect(row('Tasks').split(', ')).toEqual(taskTypes);
  });
});

describe('docs/flows.md', () => {
  it('shows a flow and a connection that are correct, and names every member of the tributary key', async () => {
    const text = await readFile('docs/flows.md', 'utf8');
    const [flow = '', ...others] = [...text.matchAll(/^```yaml\n([\s\S]*?)^```$/gm)].map(
      ([, yaml = '']) => yaml,
    );
    expect(others).toEqual([]);
    expect(notRunnable(readFlow(flow, 'docs/flows.md'), supports)).toEqual([]);
    const [, connection = ''] = /^```yaml connection\n([\s\S]*?)^```$/m.exec(text) ?? [];
    expect(readConnection(connection, 'docs/flows.md').connectorProfileName).toBe('shop');
    const [, nested = ''] = /^```yaml nested\n([\s\S]*?)^```$/m.exec(text) ?? [];
    const { tributary } = readFlow(flow.replace(/^tributary:.*\n/m, nested), 'docs/flows.md');
    expect(Object.keys(tributary?.nestedTypes ?? {})).toEqual(['customer', 'lines', 'rates']);
    const [, destination = ''] = /^```yaml destination\n([\s\S]*?)^```$/m.exec(text) ?? [];
    const intoApplication = flow
      .replace(/^tributary:.*\n/m, '')
      .replace(/^destinationFlowConfigList:\n( .*\n)+/m, destination);
    expect(notRunnable(readFlow(intoApplication, 'docs/flows.md'), supports)).toEqual([]);
    expect(intoApplication).toContain('writeOperationType: UPSERT');
    const members = Object.keys(flowSchema.shape.tributary.unwrap().shape);
    const section = text.slice(text.indexOf('## The `tributary` key'));
    expect(members.filter((member) => !section.includes(`| \`${member}\``))).toEqual([]);
  });
});

describe('commands of the README', () => {
  const prefix = 'npx tsx bin/tributary.ts ';
  /** Each command with the output that is shown below it. */
  const commands = blocks.flatMap(({ language, text }, i) =>
    language === 'sh' && text.startsWith(prefix) && !text.includes('--aws')
      ? [{ command: text.trim().slice(prefix.length), output: blocks[i + 1]?.text ?? '' }]
      : [],
  );
  let home: string;

  beforeAll(async () => {
    home = await mkdtemp('/tmp/tributary-readme-');
    await makeDemoHome(home);
  });

  afterAll(() => rm(home, { recursive: true }));

  it('are found', () => {
    expect(commands.map(({ command }) => command.split(' ')[0])).toEqual(['run', 'preview', 'validate']);
  });

  it.each(commands)('$command prints what is shown', async ({ command, output }) => {
    const printed: string[] = [];
    const terminal: Terminal = {
      out: (text) => printed.push(text),
      err: (text) => printed.push(text),
      interactive: false,
    };
    const args = command.split(' ').map((arg) => (arg === '.tributary/demo' ? home : arg));
    expect(await tributary(args, terminal)).toBe(0);
    expect(withoutAccidents(printed.join('\n').replaceAll(home, '.tributary/demo'))).toBe(
      withoutAccidents(output.trimEnd()),
    );
  });
});

/** Ids, times and folders differ from run to run. */
function withoutAccidents(text: string): string {
  return text
    .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '<run>')
    .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/g, '<time>')
    .replace(/^( {2}took +).*$/m, '$1<duration>');
}

async function markdownBelow(folder: string): Promise<string[]> {
  const names = await readdir(folder, { recursive: true });
  return names.filter((name) => name.endsWith('.md')).map((name) => join(folder, name));
}
