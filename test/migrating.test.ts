/** docs/migrating-from-appflow.md, followed step by step: its commands are run, what it shows is what they print. */

import { mkdirSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { tributary } from '../cli/program.ts';
import { snippetsOf } from './support/snippets.ts';
import { temporaryFolder } from './support/temporary-folder.ts';

const guide = await readFile('docs/migrating-from-appflow.md', 'utf8');

it('the guide for moving in from AppFlow works as it stands', async () => {
  const folder = temporaryFolder();
  const here = (word: string) => word.replaceAll(/\bmoved\//g, `${folder}/`).replace(/^moved$/, folder);
  const blocks = snippetsOf(guide);
  let run = '';
  let commands = 0;
  for (const [i, { language, text }] of blocks.entries()) {
    if (language !== 'sh') continue;
    let out = '';
    for (const line of text.trim().split('\n')) {
      const [program, ...words] = line.split(' ');
      if (program === 'aws') {
        // What it would write is there.
        const [, file] = / > (\S+)$/.exec(line) ?? [];
        if (file) await expect(stat(file), file).resolves.toBeDefined();
        continue;
      }
      if (program === 'mkdir') {
        mkdirSync(here(words.at(-1) ?? ''), { recursive: true });
        continue;
      }
      expect(program).toBe('tributary');
      let printed = '';
      const terminal = {
        out: (some: string) => {
          printed += `${some}\n`;
        },
        err: (some: string) => {
          throw new Error(`${line}: ${some}`);
        },
        interactive: false,
      };
      expect(
        await tributary(
          words.map((word) => (word === 'RUN' ? run : here(word))),
          terminal,
        ),
        line,
      ).toBe(0);
      commands += 1;
      out = printed;
      if (words[0] === 'run') [, run = ''] = /^ {2}run +(\S+)$/m.exec(printed) ?? [];
    }
    const shown = blocks[i + 1];
    if (shown?.language === 'text') expect(out.replaceAll(`${folder}/`, 'moved/')).toBe(shown.text);
  }
  expect(commands).toBe(8);
}, 60_000);
