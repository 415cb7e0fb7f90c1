/**
 * What nobody else on this machine may read: a file for each connection's credentials, `<home>/secrets/<name>.json`, and
 * the key that access tokens are encrypted with, `<home>/secrets/.key`.
 */

import { randomBytes } from 'node:crypto';
import * as fs from 'node:fs/promises';
import path from 'node:path';
import { type ConnectionDefinition, resolveEnv } from '../core/connection.ts';
import { TributaryError } from '../core/errors.ts';
import type { Secrets, Vault } from '../core/ports.ts';
import { decrypt, encrypt } from '../engine/credentials/envelope.ts';
import { holds } from '../engine/credentials/holds.ts';
import { explained } from './files.ts';
import { readPrivate, writePrivate } from './private-file.ts';

type Credentials = Readonly<Record<string, string>>;

/** The files alone; what connection files refer to in the environment is not theirs. */
export interface SecretFiles {
  /** @throws AccessDenied if others may read the file */
  read(connectorProfileName: string): Promise<Credentials | undefined>;
  put(connectorProfileName: string, credentials: Credentials): Promise<void>;
  remove(connectorProfileName: string): Promise<void>;
}

/** @param home its folder */
export function secretFiles(home: string): SecretFiles {
  const folder = path.join(home, 'secrets');
  const fileOf = (name: string): string => path.join(folder, `${encodeURIComponent(name)}.json`);
  return {
    async read(name) {
      const text = await readPrivate(fileOf(name));
      return text === undefined ? undefined : credentialsOf(text.toString(), fileOf(name));
    },
    put: (name, credentials) => writePrivate(fileOf(name), `${JSON.stringify(credentials, null, 2)}\n`),
    remove: (name) => explained(fileOf(name), () => fs.rm(fileOf(name), { force: true })),
  };
}

/** Credentials from the environment where the connection file refers to it, else from the connection's file. */
export function localSecrets(
  files: SecretFiles,
  loadConnection: (name: string) => Promise<Pick<ConnectionDefinition, 'credentials'>>,
  env: Readonly<Record<string, string | undefined>>,
): Secrets {
  return {
    async read(name) {
      const { credentials } = await loadConnection(name);
      if (credentials) return resolveEnv(credentials, env);
      const stored = await files.read(name);
      if (stored) return stored;
      throw new TributaryError('InvalidCredentials', 'the connection has no credentials', {
        at: `connection ${name}`,
        fix: `give them with \`tributary connection edit ${name}\`, or refer to environment variables under \`credentials\` in its file, e.g. username: \${env:DB_USER}`,
      });
    },

    async update(name, change, expected) {
      const { credentials } = await loadConnection(name);
      if (credentials) {
        throw new TributaryError(
          'InvalidCredentials',
          'an environment variable cannot keep a new refresh token',
          {
            at: `connection ${name}`,
            fix: `remove \`credentials\` from its file, then run \`tributary connection edit ${name}\``,
          },
        );
      }
      const stored = await files.read(name);
      if (stored && holds(stored, change)) return;
      if (!stored || !holds(stored, expected)) {
        throw new TributaryError('StateConflict', 'the credentials were changed by another process', {
          at: `connection ${name}`,
        });
      }
      await files.put(name, { ...stored, ...change });
    },
  };
}

/** Encrypts with a key that this home makes for itself. */
export function localVault(home: string): Vault {
  const file = path.join(home, 'secrets', '.key');
  let key: Promise<Uint8Array> | undefined;
  const ownKey = async (): Promise<Uint8Array> => {
    const known = await readPrivate(file);
    if (known?.length === 32) return known;
    const made = randomBytes(32);
    // Of several that make one at once the first wins.
    await writePrivate(file, made, { ifAbsent: known === undefined });
    return (await readPrivate(file)) ?? made;
  };
  const theKey = (): Promise<Uint8Array> => {
    key ??= ownKey();
    return key;
  };
  return {
    seal: async (text, about) => encrypt(await theKey(), text, about),
    open: async (sealed, about) => decrypt(await theKey(), sealed, about),
  };
}

function credentialsOf(text: string, file: string): Credentials {
  try {
    const credentials: unknown = JSON.parse(text);
    if (
      typeof credentials === 'object' &&
      credentials !== null &&
      Object.values(credentials).every((value) => typeof value === 'string')
    )
      return credentials as Credentials;
  } catch {
    // The parser's message quotes the text.
  }
  throw new TributaryError('InvalidCredentials', 'the file holds no credentials', {
    at: file,
    expected: 'a JSON object of texts',
  });
}
