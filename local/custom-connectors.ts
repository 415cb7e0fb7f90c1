/** The registrations of custom connectors beside the connections, and the processes that stand in for their functions. */

import * as fs from 'node:fs/promises';
import path from 'node:path';
import type { LoadConnector } from '../core/connector/loaded.ts';
import { type ConnectorRegistration, readRegistration } from '../core/custom-connector/registration.ts';
import { TributaryError } from '../core/errors.ts';
import { secretName, tokenSecretName } from '../core/physical-name.ts';
import { customConnector } from '../engine/custom-connector/custom-connector.ts';
import type { ConnectorHost } from '../engine/custom-connector/host.ts';
import { type ConnectorProcess, connectorProcess, type LocalConnector } from './connector-process.ts';
import { errnoOf } from './files.ts';
import { type SecretServer, secretServer } from './secret-server.ts';

export interface FoundRegistration {
  readonly file: string;
  readonly registration: ConnectorRegistration;
}

/** `custom-connectors` beside each folder of connections. */
export function customConnectorFolders(connectionFolders: readonly string[]): string[] {
  return [...new Set(connectionFolders.map((folder) => path.join(folder, '..', 'custom-connectors')))];
}

/** @throws TributaryErrors ConnectionInvalid for a file that is none */
export async function listRegistrations(folders: readonly string[]): Promise<FoundRegistration[]> {
  const found = new Map<string, FoundRegistration>();
  for (const folder of folders) {
    const names = await fs.readdir(folder).catch((error: unknown) => {
      if (errnoOf(error) === 'ENOENT') return [];
      throw error;
    });
    for (const name of names.filter((each) => /\.(ya?ml|json)$/.test(each)).sort()) {
      const file = path.join(folder, name);
      const registration = readRegistration(await fs.readFile(file, 'utf8'), file);
      const { connectorLabel } = registration;
      if (!found.has(connectorLabel)) found.set(connectorLabel, { file, registration });
    }
  }
  return [...found.values()];
}

export async function findRegistration(
  label: string,
  folders: readonly string[],
): Promise<FoundRegistration | undefined> {
  return (await listRegistrations(folders)).find(({ registration }) => registration.connectorLabel === label);
}

/**
 * Loads registered connectors by label, to run on this machine.
 *
 * @param env of their processes
 */
export function localCustomConnectors(
  folders: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): LoadConnector {
  const hosts = new Map<string, ConnectorHost>();
  return async (label) => {
    const found = await findRegistration(label, folders);
    if (!found) return undefined;
    const { file, registration } = found;
    const host = hosts.get(label) ?? processHost(registration.local, path.dirname(file), env, label);
    hosts.set(label, host);
    return customConnector(registration, host);
  };
}

/**
 * A connector that is a process of this machine.
 *
 * @param folder that it runs in
 */
export function processHost(
  local: LocalConnector | undefined,
  folder: string,
  env: Readonly<Record<string, string | undefined>>,
  label: string,
): ConnectorHost {
  let server: Promise<SecretServer> | undefined;
  let running: Promise<ConnectorProcess> | undefined;
  const secrets = (): Promise<SecretServer> => {
    server ??= secretServer();
    return server;
  };
  async function begin(): Promise<ConnectorProcess> {
    if (!local) {
      throw new TributaryError('NotRunnable', 'nothing stands in for the function on this machine', {
        at: label,
        fix: 'add `local` with a command or a module to its registration, or run the deployed flow with --aws',
      });
    }
    return connectorProcess(local, folder, withSecrets(env, (await secrets()).url), label);
  }
  return {
    async invoke(request, timeout) {
      running ??= begin();
      return (await running).invoke(request, timeout);
    },
    secretArn: async (name, credentials) => (await secrets()).put(secretName(name), credentials),
    tokenSecretArn: async (name, accessToken) =>
      (await secrets()).put(tokenSecretName(name), { accessToken, refreshToken: '' }),
  };
}

/** SDKs sign every request, whoever is asked, and want to know a region. */
function withSecrets(
  env: Readonly<Record<string, string | undefined>>,
  url: string,
): Record<string, string | undefined> {
  return {
    AWS_REGION: 'us-east-1',
    AWS_DEFAULT_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
    ...env,
    AWS_ENDPOINT_URL_SECRETS_MANAGER: url,
  };
}
