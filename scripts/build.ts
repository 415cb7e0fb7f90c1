/**
 * Builds what the package ships. `tsx scripts/build.ts` makes everything, `tsx scripts/build.ts lambda` the functions'
 * code alone, which is what a synth needs.
 *
 * - dist/lambda: the functions' code
 * - dist/bin, dist/lib: the command, the CDK app and the constructs
 * - dist/types: declarations of the constructs
 */

import { execFileSync } from 'node:child_process';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { buildLambda, root } from './build-lambda.ts';
import { packageOptions } from './package-options.ts';

async function buildPackage(): Promise<void> {
  for (const folder of ['bin', 'lib', 'types'])
    rmSync(join(root, 'dist', folder), { recursive: true, force: true });
  await build({
    ...packageOptions,
    outdir: 'dist',
    outbase: '.',
    entryPoints: ['lib/index.ts', ...readdirSync(join(root, 'bin')).map((file) => `bin/${file}`)],
    // Beside lib/index.js: the constructs look for ../lambda from where their code is.
    chunkNames: 'lib/[name]-[hash]',
  });
  execFileSync(join(root, 'node_modules/.bin/tsc'), ['-p', 'tsconfig.lib.json'], {
    cwd: root,
    stdio: 'inherit',
  });
}

await buildLambda('dist/lambda');
if (process.argv[2] !== 'lambda') await buildPackage();
