/** Where the credentials of connections are kept: files under the home, or Secrets Manager of a deployment. */

import path from 'node:path';
import { TributaryError } from '../core/errors.ts';
import type { StateStore } from '../core/ports.ts';
import { tokenItem } from '../engine/credentials/access-token.ts';
import { secretFiles } from '../local/secrets.ts';
import { type BackendOptions, openBackend } from './open-backend.ts';
import type { Shell } from './shell.ts';

export type Credentials = Readonly<Record<string, string>>;

export interface ConnectionStore {
  /** For messages. */
  readonly place: string;
  readonly state: StateStore;
  /** `undefined`: none yet. @throws ResourceNotFoundError if the connection is not deployed */
  read(name: string): Promise<Credentials | undefined>;
  put(name: string, credentials: Credentials): Promise<void>;
  /** Forgets credentials and access token. */
  remove(name: string): Promise<void>;
}

export async function openStore(options: BackendOptions, shell: Shell): Promise<ConnectionStore> {
  const { state, place } = await openBackend(options, shell);
  const forget = (name: string): Promise<void> => state.write([{ ...tokenItem(name), set: 'delete' }]);
  if (!options.aws) {
    const files = secretFiles(place);
    return {
      place: path.join(place, 'secrets'),
      state,
      read: files.read,
      put: files.put,
      async remove(name) {
        await files.remove(name);
        await forget(name);
      },
    };
  }
  const secrets = await shell.openSecrets(options.region);
  return {
    place: `Secrets Manager, ${place}`,
    state,
    async read(name) {
      try {
        return await secrets.look(name);
      } catch (error) {
        if (!(error instanceof TributaryError) || error.code !== 'ResourceNotFoundError') throw error;
        throw new TributaryError('ResourceNotFoundError', 'the connection is not deployed', {
          at: `connection ${name}, ${place}`,
          fix: `deploy its file with \`cdk deploy\`, then run \`tributary connection edit ${name} --aws\``,
        });
      }
    },
    put: (name, credentials) => secrets.put(name, credentials),
    async remove(name) {
      // The secret belongs to the connection's stack, and goes with it. The version before is kept for a while, so twice.
      await secrets.put(name, {});
      await secrets.put(name, {});
      await forget(name);
    },
  };
}
