/** Bundles the command as the package ships it, once for all tests: loading its sources one by one would take longer. */

import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { common, root } from '../../../scripts/build-lambda.ts';

export const commandFolder = 'test/e2e/.state/command';

export async function setup(): Promise<void> {
  rmSync(join(root, commandFolder), { recursive: true, force: true });
  await build({
    ...common,
    outdir: commandFolder,
    entryPoints: ['bin/tributary.ts'],
    packages: 'external',
    alias: { '#core': './core/index.ts' },
  });
}
