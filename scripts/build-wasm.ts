/**
 * Compiles wasm/ to WebAssembly and writes it, as text in a module, to where it is used: that needs no loader of bundlers,
 * test runners or Lambda. `--check` compares instead.
 */

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import asc from 'assemblyscript/asc';

const root = join(import.meta.dirname, '..');
const source = 'wasm/json-scan.ts';
const target = 'core/decode/json-scan.wasm.ts';

async function compiled(): Promise<string> {
  let binary: Uint8Array | undefined;
  const options = ['--runtime', 'stub', '-O3', '--noAssert', '--enable', 'simd'];
  const { error, stderr } = await asc.main([source, ...options, '--outFile', 'out.wasm'], {
    readFile: (name, baseDir) => {
      try {
        return readFileSync(join(baseDir, name), 'utf8');
      } catch {
        return null;
      }
    },
    writeFile: (_name, contents) => {
      if (typeof contents !== 'string') binary = contents;
    },
    listFiles: () => [],
  });
  if (error || !binary) throw new Error(`${source}: ${stderr.toString()}`);
  return Buffer.from(binary).toString('base64');
}

process.chdir(root);
const text = `/** Made of ${source} by \`npm run build:wasm\`. Base64. */
export const jsonScanWasm =
  '${await compiled()}';
`;
if (!process.argv.includes('--check')) writeFileSync(target, text);
else if (readFileSync(target, 'utf8') !== text) {
  throw new Error(`${target} is not what ${source} compiles to: run npm run build:wasm`);
}
