/** `tributary connectors register`: AppFlow's RegisterConnector and UpdateConnectorRegistration. */

import * as fs from 'node:fs/promises';
import path from 'node:path';
import { parseDocument, stringify } from 'yaml';
import { connectorNames } from '../connectors/registry.ts';
import { schemeName } from '../core/connector/auth.ts';
import { schemesOf, undoableOAuth } from '../core/custom-connector/authentication.ts';
import { type ConnectorRegistration, checkRegistration } from '../core/custom-connector/registration.ts';
import { TributaryError } from '../core/errors.ts';
import { describeConfiguration } from '../engine/custom-connector/describe-configuration.ts';
import type { ConnectorHost } from '../engine/custom-connector/host.ts';
import { customConnectorFolders, findRegistration, processHost } from '../local/custom-connectors.ts';
import { explained } from '../local/files.ts';
import { type CommonOptions, connectionFolders } from './context.ts';
import { table } from './output.ts';
import type { Shell } from './shell.ts';

export interface RegisterOptions extends Pick<CommonOptions, 'connections'> {
  readonly lambda?: string;
  readonly command?: readonly string[];
  readonly module?: string;
  readonly handler?: string;
  readonly description?: string;
}

/**
 * Asks the connector to describe itself and keeps what it says with where it runs: in `custom-connectors/LABEL.yaml`. What is
 * registered already is asked anew; what is not given stays.
 */
export async function registerCommand(
  label: string,
  options: RegisterOptions,
  shell: Shell,
): Promise<number> {
  if (connectorNames.includes(label)) {
    throw new TributaryError('InvalidArgument', 'a connector of this version has that name', {
      at: 'LABEL',
      got: label,
      fix: 'take another label',
    });
  }
  const folders = customConnectorFolders(connectionFolders(options));
  const found = await findRegistration(label, folders);
  const file = found?.file ?? path.join(folders[0] ?? 'custom-connectors', `${label}.yaml`);
  const members = {
    connectorLabel: label,
    ...withoutConfiguration(found?.registration),
    ...(options.description !== undefined && { description: options.description }),
    ...(options.lambda !== undefined && {
      connectorProvisioningType: 'LAMBDA',
      connectorProvisioningConfig: { lambda: { lambdaArn: options.lambda } },
    }),
    ...localOf(options),
  };
  // Where it runs has to be right before anybody is asked.
  const draft = checkRegistration({ ...members, connectorConfiguration: anyConfiguration }, file);
  const connectorConfiguration = await describeConfiguration(label, await hostOf(draft, file, shell), quiet);
  const registration = checkRegistration(
    JSON.parse(JSON.stringify({ ...members, connectorConfiguration })),
    file,
  );
  await write(file, registration, found !== undefined);
  const { terminal } = shell;
  terminal.out(`${label}: registered in ${file}\n${summary(registration)}`);
  const oauth = connectorConfiguration.authenticationConfig.oAuth2Defaults;
  const undoable = oauth && undoableOAuth(oauth);
  if (undoable) terminal.err(`warning: OAuth 2 of this connector is not supported: ${undoable}\n`);
  return 0;
}

function withoutConfiguration(
  registration: ConnectorRegistration | undefined,
): Omit<Partial<ConnectorRegistration>, 'connectorConfiguration'> {
  const { connectorConfiguration: _, ...rest } = registration ?? { connectorConfiguration: undefined };
  return rest;
}

function localOf({
  command,
  module,
  handler,
}: RegisterOptions): Pick<ConnectorRegistration, 'local'> | object {
  if (command && module !== undefined)
    throw new TributaryError('InvalidArgument', 'a connector is a command or a module', {
      got: '--command and --module',
    });
  if (handler !== undefined && module === undefined)
    throw new TributaryError('InvalidArgument', '--handler goes with --module', { fix: 'add --module' });
  if (command) return { local: { command } };
  return module === undefined ? {} : { local: { module, ...(handler !== undefined && { handler }) } };
}

/** The least that is one: stands in until the connector has been asked. */
const anyConfiguration = {
  connectorModes: ['SOURCE'],
  authenticationConfig: {},
  supportedApiVersions: ['v1'],
  operatorsSupported: ['PROJECTION'],
  supportedTriggerTypes: ['ONDEMAND'],
};

/** The deployed function, where there is one: it is what flows will call. */
async function hostOf(
  { connectorLabel, connectorProvisioningConfig, local }: ConnectorRegistration,
  file: string,
  shell: Shell,
): Promise<ConnectorHost> {
  const arn = connectorProvisioningConfig?.lambda.lambdaArn;
  if (arn !== undefined) return shell.openConnector(arn);
  if (local) {
    // It runs in the folder of the file.
    await explained(file, () => fs.mkdir(path.dirname(file), { recursive: true }));
    return processHost(local, path.dirname(file), shell.env, connectorLabel);
  }
  throw new TributaryError(
    'InvalidArgument',
    'nobody can be asked: it is not said where the connector runs',
    {
      fix: 'give --lambda ARN, --command or --module',
    },
  );
}

const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };

/** Comments of a file that is there stay. */
async function write(file: string, registration: ConnectorRegistration, isThere: boolean): Promise<void> {
  await explained(file, async () => {
    await fs.mkdir(path.dirname(file), { recursive: true });
    if (!isThere) return fs.writeFile(file, stringify(registration));
    const document = parseDocument(await fs.readFile(file, 'utf8'));
    for (const [member, value] of Object.entries(registration)) document.set(member, value);
    const text = file.endsWith('.json') ? `${JSON.stringify(document.toJS(), null, 2)}\n` : String(document);
    return fs.writeFile(file, text);
  });
}

function summary({ connectorConfiguration: said, ...registration }: ConnectorRegistration): string {
  const settings = said.connectorRuntimeSetting ?? [];
  return table(
    [
      ['connector', [said.connectorName, said.connectorVersion].filter(Boolean).join(' ')],
      ['function', registration.connectorProvisioningConfig?.lambda.lambdaArn ?? 'none: this machine only'],
      ['modes', said.connectorModes.join(', ')],
      ['versions', said.supportedApiVersions.join(', ')],
      ['authentication', schemesOf(said).map(schemeName).join(', ') || 'none that is supported'],
      ['settings', settings.map(({ key, scope }) => `${key} (${scope})`).join(', ') || 'none'],
      ['writes', (said.supportedWriteOperations ?? []).join(', ')],
    ].filter(([, value]) => value),
  );
}
