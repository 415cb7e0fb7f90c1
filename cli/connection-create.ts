/** `tributary connection create`, `edit` and `copy`: asks for what a connector needs, tests it, stores it. */

import type { ConnectionDefinition } from '../core/connection.ts';
import { type ConnectionScheme, schemeName } from '../core/connector/auth.ts';
import type { LoadedConnector } from '../core/connector/loaded.ts';
import { TributaryError } from '../core/errors.ts';
import type { SourcePorts, SourceRequest } from '../core/source.ts';
import { renewable, schemeOf } from '../engine/credentials/grant.ts';
import {
  type Credentials,
  renewalParameters,
  requestToken,
  type TokenAnswer,
} from '../engine/credentials/token-request.ts';
import { customConnector } from '../engine/custom-connector/custom-connector.ts';
import { sourceOf } from '../engine/source-of.ts';
import { customConnectorFolders, findRegistration } from '../local/custom-connectors.ts';
import { connectionRequest, connectorOf } from './connection-commands.ts';
import { diagnosed, observed } from './connection-diagnosis.ts';
import {
  type ConnectionFile,
  changedConnectionFile,
  expectConnectionFile,
  findConnectionFile,
  newConnectionFile,
  writeConnectionFile,
} from './connection-file.ts';
import {
  askCredentials,
  askSettings,
  chooseScheme,
  type Needs,
  needsOf,
  readSecrets,
  readSettings,
} from './connection-needs.ts';
import { type ConnectionStore, openStore } from './connection-store.ts';
import { consentInBrowser } from './consent.ts';
import { connectionFolders, connectorLoader, openHome, wholeNumber } from './context.ts';
import type { BackendOptions } from './open-backend.ts';
import { commandLine } from './output.ts';
import type { Shell } from './shell.ts';

export interface EditOptions extends BackendOptions {
  /** How to authenticate, where the connector knows several ways. */
  readonly auth?: string;
  readonly set?: readonly string[];
  readonly secret?: readonly string[];
  readonly port?: string;
  /** `--no-browser`: the address is shown and not opened. */
  readonly browser?: boolean;
  /** `--no-test`: stored as given. */
  readonly test?: boolean;
}

export interface CreateOptions extends EditOptions {
  readonly connector: string;
  /** A server on this machine in the vendor's place. */
  readonly endpoint?: string;
}

/** `tributary connection create NAME --connector X` */
export async function createConnectionCommand(
  name: string,
  options: CreateOptions,
  shell: Shell,
): Promise<number> {
  const folders = connectionFolders(options);
  const found = await findConnectionFile(name, folders);
  if (found) {
    throw new TributaryError('ConnectionInvalid', 'there is such a connection already', {
      at: found.file,
      fix: `change it with \`${commandLine('connection', 'edit', name)}\``,
    });
  }
  const needs = await needsOf(options.connector, connectorLoader(folders, shell));
  const scheme = await chooseScheme(needs, options.auth, shell.prompt);
  const settings = await askSettings(needs, scheme, readSettings(options.set), {}, shell.prompt);
  const file = newConnectionFile(
    name,
    folders[0] ?? 'connections',
    options.connector,
    settings,
    options.endpoint,
  );
  if (options.aws) {
    // Its secret is made by its stack, which is made from its file.
    await writeConnectionFile(file);
    shell.terminal.err(`${file.file}: written\n`);
  }
  return give(file, needs, scheme, {}, options, shell);
}

/** `tributary connection edit NAME`: asks again; what is not answered stays, but for consent, which is given anew. */
export async function editConnectionCommand(
  name: string,
  options: EditOptions,
  shell: Shell,
): Promise<number> {
  const found = await expectConnectionFile(name, connectionFolders(options));
  const { definition } = found;
  if (definition.credentials && !options.aws) {
    throw new TributaryError(
      'ConnectionInvalid',
      'the connection takes its credentials from the environment',
      {
        at: found.file,
        fix: 'set the variables that it names, or remove `credentials` from the file to keep them in the home',
      },
    );
  }
  const folders = connectionFolders(options);
  const needs = await needsOf(connectorOf(definition), connectorLoader(folders, shell));
  const store = await openStore(options, shell);
  const current = (await store.read(name)) ?? {};
  const scheme =
    options.auth === undefined && Object.keys(current).length > 0
      ? currentScheme(needs, current)
      : await chooseScheme(needs, options.auth, shell.prompt);
  const before = textsOf(definition);
  const settings = await askSettings(needs, scheme, readSettings(options.set), before, shell.prompt);
  return give(changedConnectionFile(found, { settings }), needs, scheme, current, options, shell);
}

/** `tributary connection copy NAME NEW`: settings and lasting credentials; what OAuth gave is given to one connection. */
export async function copyConnectionCommand(
  name: string,
  copy: string,
  options: BackendOptions,
  shell: Shell,
): Promise<number> {
  const folders = connectionFolders(options);
  const found = await expectConnectionFile(name, folders);
  const taken = await findConnectionFile(copy, folders);
  if (taken) {
    throw new TributaryError('ConnectionInvalid', 'there is such a connection already', { at: taken.file });
  }
  const needs = await needsOf(connectorOf(found.definition), connectorLoader(folders, shell));
  // Checks the name, too.
  newConnectionFile(copy, folders[0] ?? 'connections', needs.connector, {});
  const copied = changedConnectionFile(found, { name: copy });
  const store = await openStore(options, shell);
  const credentials = found.definition.credentials ? undefined : await store.read(name);
  await writeConnectionFile(copied);
  shell.terminal.out(`${copied.file}: written`);
  const isOAuth = credentials !== undefined && currentScheme(needs, credentials).kind === 'oauth2';
  if (credentials && !isOAuth && !options.aws) {
    await store.put(copy, credentials);
    shell.terminal.out(`${copy}: credentials copied to ${store.place}`);
  } else if (credentials) {
    const edit = commandLine('connection', 'edit', copy, ...(options.aws ? ['--aws'] : []));
    shell.terminal.out(
      `${copy}: without credentials; ${options.aws ? 'deploy it, then' : 'then'} run \`${edit}\``,
    );
  }
  return 0;
}

/** Asks for credentials, tests them, stores them and the file. */
async function give(
  file: ConnectionFile,
  needs: Needs,
  scheme: ConnectionScheme,
  current: Credentials,
  options: EditOptions,
  shell: Shell,
): Promise<number> {
  const name = file.definition.connectorProfileName;
  const store = await openStore(options, shell);
  const before = (await store.read(name)) ?? {};
  const given = await readSecrets(options.secret, shell.env);
  let credentials: Record<string, string> = await askCredentials(scheme, given, current, shell.prompt);
  const home = openHome(options, shell, (text) => shell.terminal.err(`${text}\n`));
  const { ports, lastAnswer } = observed(home);
  const request = connectionRequest(file.definition, home.clock.now());

  let token: TokenAnswer | undefined;
  if (needs.grantOf && scheme.kind === 'oauth2' && !credentials.accessToken) {
    const grant = needs.grantOf(scheme, request);
    if (grant.grant === 'authorizationCode' && !credentials.refreshToken) {
      const port = options.port === undefined ? undefined : wholeNumber('--port', options.port);
      const how = { ...(port !== undefined && { port }), browser: options.browser !== false };
      token = await consentInBrowser(grant, credentials, how, shell, ports);
      const { accessToken, refreshToken } = token;
      if (refreshToken === undefined) {
        shell.terminal.err(
          'warning: the vendor gave no refresh token: the connection works until its access token ends\n',
        );
      }
      credentials = {
        ...credentials,
        ...(refreshToken === undefined ? { accessToken } : { refreshToken }),
        consentedAt: new Date(home.clock.now()).toISOString(),
      };
    } else if (renewable(grant, credentials) && options.test !== false) {
      const parameters = renewalParameters(grant, credentials, home.clock.now());
      token = await requestToken(grant, parameters, credentials, ports);
      if (token.refreshToken) credentials = { ...credentials, refreshToken: token.refreshToken };
    }
  }
  const deployed =
    options.aws && options.test !== false ? await deployedConnector(needs, options, shell) : undefined;
  // A refresh token may be the only one that is good: it is stored, whatever the test says.
  const isPrecious = credentials.refreshToken !== undefined;
  if (isPrecious) await keep(file, store, credentials);
  // A function reads its credentials where they are stored.
  else if (deployed) await store.put(name, credentials);
  if (options.test !== false) {
    await testWith(deployed ?? needs.loaded, request, credentials, token, ports).catch(
      async (error: unknown) => {
        if (deployed && !isPrecious) await store.put(name, before);
        throw diagnosed(error, name, lastAnswer());
      },
    );
  }
  if (deployed) await writeConnectionFile(file);
  else if (!isPrecious) await keep(file, store, credentials);
  const tested = options.test === false ? 'not tested' : 'works';
  shell.terminal.out(`${name}: ${tested}, ${schemeName(scheme)}; credentials in ${store.place}`);
  return 0;
}

async function keep(file: ConnectionFile, store: ConnectionStore, credentials: Credentials): Promise<void> {
  await writeConnectionFile(file);
  await store.put(file.definition.connectorProfileName, credentials);
}

/** A custom connector as flows in AWS have it: its function. `undefined` for connectors of ours, which run here as well. */
async function deployedConnector(
  { connector }: Needs,
  options: EditOptions,
  shell: Shell,
): Promise<LoadedConnector | undefined> {
  const found = await findRegistration(connector, customConnectorFolders(connectionFolders(options)));
  const functionArn = found?.registration.connectorProvisioningConfig?.lambda.lambdaArn;
  if (!found || functionArn === undefined) return undefined;
  return customConnector(found.registration, await shell.openConnector(functionArn, options.region));
}

async function testWith(
  loaded: LoadedConnector,
  request: SourceRequest,
  credentials: Credentials,
  token: TokenAnswer | undefined,
  ports: Pick<SourcePorts, 'objects' | 'http' | 'clock' | 'log'>,
): Promise<void> {
  await (await sourceOf(loaded)).testConnection(request, {
    ...ports,
    credentials: async () => credentials,
    accessToken: async () => ({ token: token?.accessToken ?? '', isNew: false }),
  });
}

/** Of credentials that a connection has; too few are taken for the connector's first scheme. */
function currentScheme({ loaded: { label }, auth }: Needs, credentials: Credentials): ConnectionScheme {
  const [first] = auth;
  if (!first)
    throw new TributaryError('NotRunnable', 'the connector has no way to authenticate', { at: label });
  try {
    return schemeOf({ label, auth }, credentials);
  } catch (error) {
    if (error instanceof TributaryError) return first;
    throw error;
  }
}

function textsOf({ connectorProfileProperties = {} }: ConnectionDefinition): Record<string, string> {
  return Object.fromEntries(
    Object.entries(connectorProfileProperties).map(([name, value]) => [name, String(value)]),
  );
}
