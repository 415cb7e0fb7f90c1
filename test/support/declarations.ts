/** Which folder of connectors/ declares what. */

import { existsSync, readdirSync } from 'node:fs';
import type { Connector } from '#core';

const home = new URL('../../connectors/', import.meta.url);

/** The folders with a declaration, and what their `connector.ts` exports. */
export const declarations = await Promise.all(
  readdirSync(home)
    .filter((folder) => existsSync(new URL(`${folder}/connector.ts`, home)))
    .map(async (folder) => ({
      folder,
      exports: Object.values(await import(`../../connectors/${folder}/connector.ts`)),
    })),
);

export function folderOf(connector: Connector): string | undefined {
  return declarations.find(({ exports }) => exports.includes(connector))?.folder;
}
