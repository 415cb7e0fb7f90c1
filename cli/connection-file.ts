/** Connection files as the command writes them. */

import * as fs from 'node:fs/promises';
import path from 'node:path';
import { parseDocument, stringify } from 'yaml';
import { type ConnectionDefinition, readConnection } from '../core/connection.ts';
import { TributaryError } from '../core/errors.ts';
import { type ConnectorType, connectorTypes } from '../core/flow/definition.ts';
import { errnoOf, explained } from '../local/files.ts';

export interface ConnectionFile {
  readonly file: string;
  readonly text: string;
  readonly definition: ConnectionDefinition;
}

const extensions = ['yaml', 'yml', 'json'];

/** `undefined`: there is none. @throws TributaryErrors ConnectionInvalid */
export async function findConnectionFile(
  name: string,
  folders: readonly string[],
): Promise<ConnectionFile | undefined> {
  for (const folder of folders) {
    for (const extension of extensions) {
      const file = path.join(folder, `${name}.${extension}`);
      const text = await fs.readFile(file, 'utf8').catch((error: unknown) => {
        if (errnoOf(error) === 'ENOENT') return undefined;
        throw error;
      });
      if (text !== undefined) return { file, text, definition: readConnection(text, file) };
    }
  }
  return undefined;
}

/** @throws ConnectionInvalid if there is none */
export async function expectConnectionFile(
  name: string,
  folders: readonly string[],
): Promise<ConnectionFile> {
  const found = await findConnectionFile(name, folders);
  if (found) return found;
  throw new TributaryError('ConnectionInvalid', 'there is no such connection', {
    at: `connection ${name}`,
    expected: `a file ${name}.yaml in ${folders.join(' or ')}`,
    fix: 'make one with `tributary connection create`',
  });
}

/** All connection files of the folders, by name. */
export async function listConnectionFiles(folders: readonly string[]): Promise<ConnectionFile[]> {
  const found = new Map<string, ConnectionFile>();
  for (const folder of folders) {
    const names = await fs.readdir(folder, { recursive: true }).catch((error: unknown) => {
      if (errnoOf(error) === 'ENOENT') return [];
      throw error;
    });
    for (const each of names.filter((name) => extensions.includes(path.extname(name).slice(1)))) {
      const file = path.join(folder, each);
      const text = await fs.readFile(file, 'utf8');
      const definition = readConnection(text, file);
      const name = definition.connectorProfileName;
      if (!found.has(name)) found.set(name, { file, text, definition });
    }
  }
  return [...found.values()].sort((a, b) =>
    a.definition.connectorProfileName < b.definition.connectorProfileName ? -1 : 1,
  );
}

/** A new file. @throws InvalidArgument for a name that leads out of the folder; TributaryErrors ConnectionInvalid */
export function newConnectionFile(
  name: string,
  folder: string,
  connector: string,
  settings: Readonly<Record<string, string>>,
  endpoint?: string,
): ConnectionFile {
  if (name.split('/').some((part) => part === '' || part.startsWith('.'))) {
    throw new TributaryError('InvalidArgument', 'this name cannot be a file', { at: 'NAME', got: name });
  }
  const isType = (connectorTypes as readonly string[]).includes(connector);
  const type: ConnectorType = isType ? (connector as ConnectorType) : 'CustomConnector';
  const text = stringify({
    connectorProfileName: name,
    connectorType: type,
    ...(!isType && { connectorLabel: connector }),
    ...(Object.keys(settings).length > 0 && { connectorProfileProperties: settings }),
    ...(endpoint !== undefined && { endpoint }),
  });
  const file = path.join(folder, `${name}.yaml`);
  return { file, text, definition: readConnection(text, file) };
}

/** The file with other settings or another name; its comments stay. */
export function changedConnectionFile(
  { file, text }: ConnectionFile,
  changes: { readonly settings?: Readonly<Record<string, string>>; readonly name?: string },
): ConnectionFile {
  const document = parseDocument(text);
  const target =
    changes.name === undefined ? file : path.join(path.dirname(file), changes.name + path.extname(file));
  if (changes.name !== undefined) document.set('connectorProfileName', changes.name);
  const before = document.toJS() as Partial<ConnectionDefinition>;
  for (const [name, value] of Object.entries(changes.settings ?? {})) {
    if (String(before.connectorProfileProperties?.[name] ?? '') === value) continue;
    document.setIn(['connectorProfileProperties', name], value);
  }
  const changed = file.endsWith('.json') ? `${JSON.stringify(document.toJS(), null, 2)}\n` : String(document);
  return { file: target, text: changed, definition: readConnection(changed, target) };
}

export async function writeConnectionFile({ file, text }: ConnectionFile): Promise<void> {
  await explained(file, async () => {
    await fs.mkdir(path.dirname(file), { recursive: true });
    await fs.writeFile(file, text);
  });
}
