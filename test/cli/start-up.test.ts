import { build, type Metafile } from 'esbuild';
import { beforeAll, expect, it } from 'vitest';
import { packageOptions } from '../../scripts/package-options.ts';

let outputs: Metafile['outputs'];

beforeAll(async () => {
  const { metafile } = await build({
    ...packageOptions,
    entryPoints: ['bin/tributary.ts'],
    outdir: 'unused',
    write: false,
    metafile: true,
  });
  outputs = metafile.outputs;
});

/** Sources and packages that are loaded with a file. What is imported when it is needed does not count. */
function loadedWith(source: string): { sources: string[]; packages: string[] } {
  const chunks = new Set(Object.keys(outputs).filter((file) => outputs[file]?.entryPoint === source));
  expect(chunks.size, source).toBe(1);
  const packages = new Set<string>();
  for (const chunk of chunks) {
    for (const { path, kind, external } of outputs[chunk]?.imports ?? []) {
      if (kind !== 'import-statement') continue;
      if (external) packages.add(path);
      else chunks.add(path);
    }
  }
  return {
    sources: [...chunks].flatMap((chunk) => Object.keys(outputs[chunk]?.inputs ?? {})),
    packages: [...packages].filter((name) => !name.startsWith('node:')),
  };
}

it('starts with no command but the one that is run', () => {
  const { sources } = loadedWith('bin/tributary.ts');
  expect(sources).toContain('cli/program.ts');
  expect(sources.filter((source) => /-commands?\.ts$|^engine\/steps\//.test(source))).toEqual([]);
});

it('runs a flow without any package that is not compiled into it, and without the code of other commands', () => {
  const { sources, packages } = loadedWith('cli/run-command.ts');
  // Neither an AWS SDK nor a database driver nor the CDK.
  expect(packages).toEqual([]);
  expect(sources.filter((source) => /-commands?\.ts$/.test(source))).toEqual(['cli/run-command.ts']);
});
