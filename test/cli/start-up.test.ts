import path from 'node:path';
import { build } from 'esbuild';
import { expect, test } from 'vitest';

const root = path.join(import.meta.dirname, '../..');

test('a local command loads neither an AWS SDK nor a database driver nor the CDK', async () => {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: ['bin/tributary.ts'],
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    packages: 'external',
    alias: { '#core': './core/index.ts' },
    outdir: 'unused',
    write: false,
    metafile: true,
  });
  const entry = Object.keys(metafile.outputs).find((file) => file.endsWith('tributary.js')) ?? '';
  const chunks = new Set([entry]);
  const packages = new Set<string>();
  for (const chunk of chunks) {
    for (const { path: imported, kind, external } of metafile.outputs[chunk]?.imports ?? []) {
      // What is imported when it is needed does not count.
      if (kind !== 'import-statement') continue;
      if (external) packages.add(imported);
      else chunks.add(imported);
    }
  }
  const foreign = [...packages].filter((name) => !name.startsWith('node:')).sort();
  expect(foreign).toEqual(['commander', 'lossless-json', 'yaml', 'zod']);
});
