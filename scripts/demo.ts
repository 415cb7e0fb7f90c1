/**
 * `npm run demo`: runs flows of examples/ on this machine over real data, and shows what they made. The home,
 * `.tributary/demo`, is made anew each time.
 */

import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parquetReadObjects } from 'hyparquet';
import { stringify } from 'yaml';
import { bytes, processTerminal, table } from '../cli/output.ts';
import { tributary } from '../cli/program.ts';
import type { FlowDefinition } from '../core/flow/definition.ts';
import { readFlow } from '../core/flow/read.ts';
import type { CatalogPartition, CatalogTable } from '../core/ports.ts';
import { makeDemoHome } from './demo-home.ts';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
const home = '.tributary/demo';
const lake = join(home, 's3/lake');

const say = (text = ''): void => processTerminal.out(text);
const title = (text: string): void => say(`\n── ${text} ${'─'.repeat(Math.max(0, 96 - text.length))}`);

/** Runs the command as a user would type it; a failure ends the demo. */
async function run(flow: string): Promise<void> {
  const args = ['run', flow, '--home', home];
  say(`$ npx tsx bin/tributary.ts ${args.join(' ')}`);
  const exitCode = await tributary(args, processTerminal);
  if (exitCode !== 0) process.exit(exitCode);
}

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

async function firstLines(folder: string, count: number): Promise<void> {
  const [file = ''] = await filesBelow(folder);
  const lines = (await readFile(file, 'utf8')).split('\n', count);
  for (const line of lines) say(`  ${line.length > 150 ? `${line.slice(0, 149)}…` : line}`);
}

/** Read by hyparquet, which knows nothing of how the file was written. */
async function firstRows(folder: string, count: number): Promise<void> {
  const [path = ''] = await filesBelow(folder);
  const { buffer } = new Uint8Array(await readFile(path));
  const rows = await parquetReadObjects({ file: buffer, rowEnd: count });
  const cells = rows.map((row) => Object.values(row).map((value) => String(value)));
  say(table([Object.keys(rows[0] ?? {}), ...cells].map(([first = '', ...rest]) => [`  ${first}`, ...rest])));
}

async function showTable(database: string, name: string): Promise<void> {
  const file = join(home, 'glue', database, `${name}.json`);
  const stored = JSON.parse(await readFile(file, 'utf8')) as {
    readonly table: CatalogTable;
    readonly partitions: readonly CatalogPartition[];
  };
  const columns = (list: CatalogTable['columns']) =>
    list.map(({ name, type }) => `${name} ${type}`).join(', ');
  say(`  table ${database}.${name} (${columns(stored.table.columns)})`);
  say(`  partitioned by ${columns(stored.table.partitionKeys)}: ${stored.partitions.length} partitions`);
}

/** The flow without partitions and catalog, as another file type; a file in the demo's home. */
async function asFileType(file: string, fileType: 'CSV' | 'JSON'): Promise<string> {
  const { metadataCatalogConfig: _, ...flow } = readFlow(await readFile(file, 'utf8'), file);
  const { preserveSourceDataTyping: __, ...format } = s3Destination(flow).s3OutputFormatConfig ?? {};
  const S3 = { ...s3Destination(flow), s3OutputFormatConfig: { ...format, fileType } };
  const changed = {
    ...flow,
    flowName: `${flow.flowName}-${fileType.toLowerCase()}`,
    destinationFlowConfigList: [{ connectorType: 'S3', destinationConnectorProperties: { S3 } }],
    tasks: flow.tasks.filter(({ taskType }) => taskType !== 'Partition'),
  };
  const target = join(home, `${changed.flowName}.yaml`);
  await writeFile(target, stringify(changed));
  return target;
}

type Destination = FlowDefinition['destinationFlowConfigList'][number];

function s3Destination(
  flow: FlowDefinition,
): NonNullable<Destination['destinationConnectorProperties']['S3']> {
  const properties = flow.destinationFlowConfigList[0]?.destinationConnectorProperties.S3;
  if (!properties) throw new Error(`${flow.flowName} does not write to S3`);
  return properties;
}

/** Folders with one member share a line with it; of many members the first three are shown. */
async function showTree(folder: string, indent: string): Promise<void> {
  const names = (await readdir(folder)).sort();
  for (const [i, name] of names.slice(0, names.length > 4 ? 3 : 4).entries()) {
    let path = join(folder, name);
    for (let below = await readdirOrNone(path); below.length === 1; below = await readdirOrNone(path)) {
      path = join(path, below[0] ?? '');
    }
    const last = i === names.length - 1;
    const { size } = await stat(path);
    const members = await readdirOrNone(path);
    const label = `${relative(folder, path)}${members.length > 0 ? '/' : `  ${bytes(size)}`}`;
    say(`${indent}${last ? '└' : '├'}─ ${label}`);
    if (members.length > 0) await showTree(path, `${indent}${last ? ' ' : '│'}  `);
  }
  if (names.length > 4) say(`${indent}└─ … ${names.length - 3} more`);
}

async function readdirOrNone(path: string): Promise<string[]> {
  return (await stat(path)).isDirectory() ? readdir(path) : [];
}

async function showEvents(): Promise<void> {
  const lines = (await readFile(join(home, 'events.jsonl'), 'utf8')).trimEnd().split('\n');
  const rows = lines.map((line) => {
    const { 'detail-type': type, detail } = JSON.parse(line) as {
      'detail-type': string;
      detail: Record<string, string>;
    };
    const {
      status = '',
      'num-of-records-processed': processed,
      'num-of-records-filtered': filtered,
    } = detail;
    const counts = processed === undefined ? '' : `${processed} processed, ${filtered} filtered`;
    return [`  ${type}`, detail['flow-name'] ?? '', status, counts];
  });
  say(table(rows));
}

await makeDemoHome(home);
say(`Flows of examples/flows, run on this machine. Buckets are folders: ${home}/s3/<bucket>/<key>.`);

title(
  '1. The tutorial of AppFlow’s guide: nine accounts, those without a rating left out, a folder a rating',
);
await run('examples/flows/accounts.yaml');
await firstLines(join(lake, 'crm/accounts'), 2);

title('2. 3,201 films: filter, validate, truncate, mask, concatenate, subtract → typed Parquet, catalogued');
const movies = 'examples/flows/movies.yaml';
await run(movies);
await firstRows(join(lake, 'films/movies'), 3);
await showTable('films', 'demo_appflow_movies_latest');

title('3. The same films as CSV and as JSON Lines');
for (const fileType of ['CSV', 'JSON'] as const) {
  await run(await asFileType(movies, fileType));
  await firstLines(join(lake, `films/movies-${fileType.toLowerCase()}`), 2);
}

title('Events, as EventBridge would deliver them');
await showEvents();

title('Files');
say(`  ${lake}`);
await showTree(lake, '  ');
say(`\n  output ${resolve(lake)}`);
say(`  tables ${resolve(home, 'glue')}`);
say(`  events ${resolve(home, 'events.jsonl')}`);
