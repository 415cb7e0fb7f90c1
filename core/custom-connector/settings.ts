/** The settings of a custom connector: of its connections, and of the flows that use one. */

import { TributaryError } from '../errors.ts';
import type { FlowDefinition } from '../flow/definition.ts';
import { didYouMean, shorten } from '../flow/finding.ts';
import { oAuth2Settings } from './authentication.ts';
import { expectedOf, type RuntimeSetting, settingsOf } from './configuration.ts';
import type { ConnectorRegistration } from './registration.ts';

export type ConnectorRole = 'SOURCE' | 'DESTINATION';
type Texts = Readonly<Record<string, string>>;

/** What a connector gets as connectorRuntimeSettings: the connection's and over them, with a role, the flow's. */
export interface GivenSettings {
  readonly connection: Texts;
  /** `customProperties`. */
  readonly flow?: Texts;
  readonly role?: ConnectorRole;
}

/** What is wrong with them; sentences. */
export function settingProblems(registration: ConnectorRegistration, given: GivenSettings): string[] {
  const { connectorConfiguration: configuration } = registration;
  const ofConnection = settingsOf(configuration, 'CONNECTOR_PROFILE');
  const problems = problemsOf(
    'connectorProfileProperties',
    ofConnection,
    given.connection,
    Object.keys(oAuth2Settings(configuration)),
  );
  if (given.role === undefined) return problems;
  const ofFlow = settingsOf(configuration, given.role, 'SOURCE_AND_DESTINATION');
  return [...problems, ...problemsOf('customProperties', ofFlow, given.flow ?? {}, [])];
}

/** @throws ConnectionInvalid naming all that is wrong */
export function checkSettings(registration: ConnectorRegistration, given: GivenSettings, at: string): void {
  const problems = settingProblems(registration, given);
  if (problems.length === 0) return;
  throw new TributaryError('ConnectionInvalid', problems.join('; '), { at });
}

function problemsOf(
  member: string,
  known: readonly RuntimeSetting[],
  values: Texts,
  others: readonly string[],
): string[] {
  const names = [...known.map(({ key }) => key), ...others];
  const unknown = Object.keys(values).flatMap((key) =>
    names.includes(key)
      ? []
      : `${member}.${key}: the connector has no such setting; ${didYouMean(key, names) ?? `it has ${names.join(', ') || 'none'}`}`,
  );
  const wrong = known.flatMap((setting) => {
    const value = values[setting.key];
    if (value === undefined) return setting.required ? `${member}.${setting.key}: missing` : [];
    const expected = expectedOf(setting, value);
    return expected === undefined
      ? []
      : `${member}.${setting.key}: got ${shorten(value)}, expected ${expected}`;
  });
  return [...unknown, ...wrong];
}

/** Why a custom connector cannot serve a flow as its source or destination; empty if it can. Asks nobody. */
export function connectorProblems(
  flow: FlowDefinition,
  registration: ConnectorRegistration,
  role: ConnectorRole,
  connection: Texts,
): string[] {
  const { connectorConfiguration: configuration, connectorLabel: label } = registration;
  const [destination] = flow.destinationFlowConfigList;
  const config = role === 'SOURCE' ? flow.sourceFlowConfig : destination;
  const properties =
    role === 'SOURCE'
      ? flow.sourceFlowConfig.sourceConnectorProperties.CustomConnector
      : destination?.destinationConnectorProperties.CustomConnector;
  const at = role === 'SOURCE' ? 'sourceFlowConfig' : 'destinationFlowConfigList[0]';
  const problems: string[] = [];
  if (!configuration.connectorModes.includes(role))
    problems.push(`${at}: ${label} says that it is no ${role.toLowerCase()}`);
  const { apiVersion } = config ?? {};
  if (apiVersion !== undefined && !configuration.supportedApiVersions.includes(apiVersion)) {
    const versions = configuration.supportedApiVersions.join(', ');
    problems.push(`${at}.apiVersion: ${label} has no version ${apiVersion}; it has ${versions}`);
  }
  const trigger = flow.triggerConfig.triggerType;
  const triggers = configuration.supportedTriggerTypes.map((type) => type.toUpperCase());
  if (role === 'SOURCE' && trigger !== 'Event' && !triggers.includes(trigger.toUpperCase()))
    problems.push(
      `triggerConfig.triggerType: ${label} is not for ${trigger}, but for ${triggers.join(', ')}`,
    );
  const { customProperties } = properties ?? {};
  return [
    ...problems,
    ...settingProblems(registration, {
      connection,
      role,
      ...(customProperties && { flow: customProperties }),
    }).map((problem) => `${at}: ${problem}`),
  ];
}
