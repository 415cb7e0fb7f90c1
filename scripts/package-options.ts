import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BuildOptions } from 'esbuild';
import { common, requireBanner, root } from './build-lambda.ts';

/**
 * Packages that every command needs, compiled into what is shipped: Node.js finds and reads their files one by one (zod has
 * 120), which took half of the start of a command. All others are npm packages that are loaded by what needs them.
 */
const inlined: ReadonlySet<string> = new Set(['commander', 'lossless-json', 'yaml', 'zod']);

type Packages = Readonly<Record<string, string>>;
const { dependencies, devDependencies, peerDependencies } = JSON.parse(
  readFileSync(join(root, 'package.json'), 'utf8'),
) as Readonly<Record<'dependencies' | 'devDependencies' | 'peerDependencies', Packages>>;

/** How the command and the constructs are compiled; the benchmarks measure programs that are compiled the same. */
export const packageOptions: BuildOptions = {
  ...common,
  external: Object.keys({ ...dependencies, ...devDependencies, ...peerDependencies }).filter(
    (name) => !inlined.has(name),
  ),
  alias: { '#core': './core/index.ts' },
  banner: requireBanner,
};
