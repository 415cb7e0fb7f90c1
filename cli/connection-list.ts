/** `tributary connection list` and `delete`. */

import * as fs from 'node:fs/promises';
import { TributaryError } from '../core/errors.ts';
import { readTokenState } from '../engine/credentials/access-token.ts';
import { explained } from '../local/files.ts';
import { connectorOf } from './connection-commands.ts';
import { type ConnectionFile, expectConnectionFile, listConnectionFiles } from './connection-file.ts';
import { type ConnectionStore, openStore } from './connection-store.ts';
import { connectionFolders } from './context.ts';
import type { BackendOptions } from './open-backend.ts';
import { json, table } from './output.ts';
import type { Shell } from './shell.ts';

interface Listed {
  readonly name: string;
  readonly connector: string;
  readonly file: string;
  /** Where they come from. */
  readonly credentials: 'environment' | 'stored' | 'none' | 'not deployed';
  /** ISO 8601: nothing runs until somebody consents anew. */
  readonly needsConsentSince?: string;
}

export async function listConnectionsCommand(
  options: BackendOptions & { readonly json?: boolean },
  shell: Shell,
): Promise<number> {
  const store = await openStore(options, shell);
  const listed: Listed[] = [];
  for (const found of await listConnectionFiles(connectionFolders(options)))
    listed.push(await look(found, store, options.aws ?? false));
  if (options.json) shell.terminal.out(json(listed, 2));
  else if (listed.length === 0) shell.terminal.err('no connections\n');
  else {
    shell.terminal.out(
      table(
        listed.map(({ name, connector, credentials, needsConsentSince }) => [
          name,
          connector,
          needsConsentSince ? `needs consent since ${needsConsentSince}` : credentials,
        ]),
      ),
    );
  }
  return 0;
}

async function look(
  { definition, file }: ConnectionFile,
  store: ConnectionStore,
  inAws: boolean,
): Promise<Listed> {
  const name = definition.connectorProfileName;
  const state = (await readTokenState(store.state, name))?.data;
  const since = state?.needsConsent?.since;
  return {
    name,
    connector: connectorOf(definition),
    file,
    credentials: definition.credentials && !inAws ? 'environment' : await stored(name, store),
    ...(since !== undefined && { needsConsentSince: new Date(since).toISOString() }),
  };
}

async function stored(name: string, store: ConnectionStore): Promise<Listed['credentials']> {
  try {
    return (await store.read(name)) ? 'stored' : 'none';
  } catch (error) {
    if (error instanceof TributaryError && error.code === 'ResourceNotFoundError') return 'not deployed';
    throw error;
  }
}

/** Of a deployed connection the credentials alone: file and secret go with its stack. */
export async function deleteConnectionCommand(
  name: string,
  options: BackendOptions & { readonly yes?: boolean },
  shell: Shell,
): Promise<number> {
  const { file } = await expectConnectionFile(name, connectionFolders(options));
  const store = await openStore(options, shell);
  await store.read(name);
  const what = options.aws ? `the credentials of ${name} in ${store.place}` : `${file} and its credentials`;
  if (!options.yes) {
    if (!shell.prompt) {
      throw new TributaryError('InvalidArgument', `${what} would be deleted`, { fix: 'say so with --yes' });
    }
    if (!/^y(es)?$/i.test(await shell.prompt.ask(`Delete ${what}? [y/N] `))) return 0;
  }
  await store.remove(name);
  if (!options.aws) await explained(file, () => fs.rm(file));
  shell.terminal.out(`${what}: deleted`);
  return 0;
}
