import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Code } from 'aws-cdk-lib/aws-lambda';

/** Where `npm run build` puts the functions' code, as seen from the package's dist/lib and from the source's lib. */
const places = ['../lambda', '../dist/lambda'];

/** The one bundle that all functions run: control.mjs, transfer.mjs, settle.mjs and the chunks that they share. */
export function functionCode(): Code {
  const folders = places.map((place) => fileURLToPath(new URL(place, import.meta.url)));
  const built = folders.find((folder) => existsSync(join(folder, 'control.mjs')));
  if (!built) throw new Error(`the functions' code is missing in ${folders.at(-1)}; run \`npm run build\``);
  return Code.fromAsset(built);
}
