/**
 * Compiles wasm/ to WebAssembly and writes it, as text in a module, to where it is used: that needs no loader of bundlers,
 * test runners or Lambda. `--check` compares instead.
 */

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const source = 'wasm/index.ts';
const target = 'core/kernels.wasm.ts';
const options = ['--runtime', 'stub', '-O3', '--noAssert', '--enable', 'simd'];

function compiled(): string {
  const folder = mkdtempSync(join(tmpdir(), 'tributary-wasm-'));
  try {
    const file = join(folder, 'out.wasm');
    const asc = join(root, 'node_modules/.bin/asc');
    execFileSync(asc, [source, ...options, '--outFile', file], { cwd: root, stdio: 'inherit' });
    return readFileSync(file).toString('base64');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const text = `/** Made of wasm/ by \`npm run build:wasm\`. Base64. */
export const kernelsWasm =
  '${compiled()}';
`;
if (!process.argv.includes('--check')) writeFileSync(join(root, target), text);
else if (readFileSync(join(root, target), 'utf8') !== text) {
  throw new Error(`${target} is not what ${source} compiles to: run npm run build:wasm`);
}
