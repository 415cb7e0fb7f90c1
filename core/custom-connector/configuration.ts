/**
 * What a custom connector says of itself: its answer to DescribeConnectorConfiguration, in the connector protocol's own
 * words (they differ from those of AppFlow's API). Connectors give `null` for what they leave out.
 */

import * as z from 'zod';

/** `null` and nothing are the same. */
export function maybe<S extends z.ZodType>(schema: S) {
  return schema.nullish().transform((value) => value ?? undefined);
}

const flag = maybe(z.boolean());
const texts = maybe(z.array(z.string()));

const authParameter = z.object({
  key: z.string().min(1),
  required: flag,
  label: maybe(z.string()),
  description: maybe(z.string()),
  sensitiveField: flag,
  connectorSuppliedValues: texts,
});

const oAuth2CustomProperty = z.looseObject({ key: z.string() });

const oAuth2Defaults = z.object({
  tokenURL: texts,
  authURL: texts,
  oAuthScopes: texts,
  oAuth2GrantTypesSupported: texts,
  oAuth2ContentType: maybe(z.string()),
  oAuth2MethodType: maybe(z.string()),
  addBasicAuthHeader: flag,
  // Two spellings are about.
  oAuth2CustomProperties: maybe(z.array(oAuth2CustomProperty)),
  oauth2CustomProperties: maybe(z.array(oAuth2CustomProperty)),
});

export const settingScopes = [
  'CONNECTOR_PROFILE',
  'SOURCE',
  'DESTINATION',
  'SOURCE_AND_DESTINATION',
] as const;
export type SettingScope = (typeof settingScopes)[number];

const runtimeSetting = z.object({
  key: z.string().min(1),
  dataType: maybe(z.string()),
  required: flag,
  label: maybe(z.string()),
  description: maybe(z.string()),
  scope: z.enum(settingScopes),
  connectorSuppliedValueOptions: texts,
});
export type RuntimeSetting = z.output<typeof runtimeSetting>;

export const connectorConfigurationSchema = z.object({
  connectorOwner: maybe(z.string()),
  connectorName: maybe(z.string()),
  connectorVersion: maybe(z.string()),
  connectorModes: z.array(z.enum(['SOURCE', 'DESTINATION'])),
  authenticationConfig: z.object({
    isBasicAuthSupported: flag,
    isApiKeyAuthSupported: flag,
    isOAuth2Supported: flag,
    isCustomAuthSupported: flag,
    oAuth2Defaults: maybe(oAuth2Defaults),
    customAuthConfig: maybe(
      z.array(z.object({ authenticationType: z.string().min(1), authParameters: z.array(authParameter) })),
    ),
  }),
  connectorRuntimeSetting: maybe(z.array(runtimeSetting)),
  supportedApiVersions: z.array(z.string()),
  operatorsSupported: z.array(z.string()),
  triggerFrequenciesSupported: texts,
  supportedTriggerTypes: z.array(z.string()),
  supportedWriteOperations: texts,
  supportedDataTransferTypes: texts,
  logoURL: maybe(z.string()),
});
export type ConnectorConfiguration = z.output<typeof connectorConfigurationSchema>;

/** What is wrong with a configuration: sentences; empty if AppFlow would register the connector. */
export function configurationProblems(configuration: ConnectorConfiguration): string[] {
  const { authenticationConfig: auth, connectorName, connectorOwner } = configuration;
  const problems: string[] = [];
  for (const [member, name] of Object.entries({ connectorName, connectorOwner })) {
    if (/^(aws|amazon|appflow)/i.test(name ?? ''))
      problems.push(`${member}: '${name}' begins with a name that AWS keeps to itself`);
  }
  const lists = {
    connectorModes: configuration.connectorModes,
    supportedApiVersions: configuration.supportedApiVersions,
    operatorsSupported: configuration.operatorsSupported,
    supportedTriggerTypes: configuration.supportedTriggerTypes,
  };
  for (const [member, list] of Object.entries(lists)) {
    if (list.length === 0) problems.push(`${member}: names none`);
  }
  const { oAuth2Defaults: oauth, customAuthConfig = [] } = auth;
  if ((auth.isOAuth2Supported ?? false) !== (oauth !== undefined))
    problems.push('authenticationConfig: oAuth2Defaults goes with isOAuth2Supported, and only with it');
  if ((auth.isCustomAuthSupported ?? false) !== customAuthConfig.length > 0)
    problems.push('authenticationConfig: customAuthConfig goes with isCustomAuthSupported, and only with it');
  for (const url of [...(oauth?.tokenURL ?? []), ...(oauth?.authURL ?? [])]) {
    if (!/^https:\/\/[^/]/.test(url))
      problems.push(`authenticationConfig.oAuth2Defaults: ${url} is not https`);
  }
  const transfers = configuration.supportedDataTransferTypes ?? [];
  if (transfers.length > 0 && !transfers.includes('RECORD'))
    problems.push(
      `supportedDataTransferTypes: ${transfers.join(', ')} alone cannot be run, RECORD is needed`,
    );
  return problems;
}

/** The settings that a connection (or the source or destination of a flow) may have, by name. */
export function settingsOf(
  { connectorRuntimeSetting = [] }: ConnectorConfiguration,
  ...scopes: readonly SettingScope[]
): readonly RuntimeSetting[] {
  return connectorRuntimeSetting.filter(({ scope }) => scopes.includes(scope));
}

const forms: Readonly<Record<string, readonly [RegExp, string]>> = {
  Integer: [/^-?\d+$/, 'a whole number'],
  Long: [/^-?\d+$/, 'a whole number'],
  Boolean: [/^(true|false)$/i, 'true or false'],
  Date: [/^\d{4}-\d\d-\d\d$/, 'a date: 2026-02-01'],
  DateTime: [/^\d{4}-\d\d-\d\dT\d\d:\d\d/, 'a moment: 2026-02-01T09:00:00Z'],
  Url: [/^https?:\/\/\S+$/, 'a URL'],
};

/** What the value of a setting must be, where it is something else. */
export function expectedOf(
  { dataType, connectorSuppliedValueOptions: values = [] }: RuntimeSetting,
  value: string,
): string | undefined {
  if (values.length > 0) return values.includes(value) ? undefined : values.join(' or ');
  const [form, expected] = forms[dataType ?? ''] ?? [];
  return form === undefined || form.test(value) ? undefined : expected;
}
