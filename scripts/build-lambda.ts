import { mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BuildOptions, build } from 'esbuild';

export const root = fileURLToPath(new URL('..', import.meta.url));

export const common: BuildOptions = {
  absWorkingDir: root,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  // The emulated cloud of the tests runs Node 20, AWS Node 22.
  target: 'node20',
  legalComments: 'external',
  logLevel: 'warning',
};

/** CommonJS packages (pg, mysql2, yaml) call require. */
export const requireBanner = {
  js: "import { createRequire as tributaryRequire } from 'node:module'; const require = tributaryRequire(import.meta.url);",
};

/**
 * The code of all functions as ES modules that share chunks: control.mjs and transfer.mjs of a flow, settle.mjs and
 * identity.mjs of the platform. Each connector and each rarely used AWS client is a chunk that is loaded when it is needed.
 * The same sources give the same bytes: asset hashes, and so deployments, change with the code alone.
 *
 * @param folder replaced as a whole, once the build has succeeded
 * @param programs more entry points, which share the functions' chunks: what measures them
 */
export async function buildLambda(folder: string, programs: readonly string[] = []): Promise<void> {
  const target = resolve(root, folder);
  mkdirSync(dirname(target), { recursive: true });
  const outdir = mkdtempSync(`${dirname(target)}/.lambda-`);
  await build({
    ...common,
    outdir,
    entryPoints: [
      ...['control', 'transfer', 'settle', 'identity'].map((name) => `lambdas/${name}.ts`),
      ...programs,
    ],
    entryNames: '[name]',
    outExtension: { '.js': '.mjs' },
    chunkNames: 'chunks/[name]-[hash]',
    mainFields: ['module', 'main'],
    // Names stay: a stack trace is readable without source maps, which would cost time at every cold start.
    minifySyntax: true,
    minifyWhitespace: true,
    banner: requireBanner,
    external: ['pg-native'],
  });
  rmSync(target, { recursive: true, force: true });
  renameSync(outdir, target);
}
