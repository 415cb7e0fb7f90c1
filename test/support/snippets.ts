/** The code in a page of the documentation, and whether it compiles. */

import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface Snippet {
  readonly language: string;
  readonly text: string;
}

export function snippetsOf(markdown: string): Snippet[] {
  return [...markdown.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].map(([, language = '', text = '']) => ({
    language,
    text,
  }));
}

/**
 * Gives files with these texts, in a folder of their own below test/ where `#core` and the package's own name lead to the
 * sources, to `use`, once the compiler has accepted them.
 *
 * @throws Error with what the compiler says
 */
export async function compiled<T>(
  texts: readonly string[],
  use: (files: readonly string[]) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(process.cwd(), 'test/.snippets-'));
  try {
    const files = texts.map((_, index) => join(folder, `snippet-${index + 1}.ts`));
    await Promise.all(texts.map((text, index) => writeFile(files[index] ?? '', text)));
    const config = {
      extends: '../../tsconfig.json',
      compilerOptions: { paths: { tributary: ['../../lib/index.ts'] } },
      include: ['*.ts'],
    };
    await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(config));
    try {
      execFileSync('node_modules/.bin/tsc', ['-p', folder], { encoding: 'utf8' });
    } catch (error) {
      throw new Error(String((error as { readonly stdout?: string }).stdout ?? error));
    }
    return await use(files);
  } finally {
    await rm(folder, { recursive: true });
  }
}
