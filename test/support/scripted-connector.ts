import { type ConnectorRegistration, checkRegistration } from '../../core/custom-connector/registration.ts';
import type { ConnectorHost, ProtocolMessage } from '../../engine/custom-connector/host.ts';

export interface ScriptedHost extends ConnectorHost {
  readonly requests: ProtocolMessage[];
  /** What was made readable, by the last part of the secret's ARN. */
  readonly secrets: Map<string, Readonly<Record<string, string>>>;
}

/** Answers by a function of the request and its ordinal; an error that it gives is thrown. */
export function scriptedHost(answer: (request: ProtocolMessage, index: number) => unknown): ScriptedHost {
  const requests: ProtocolMessage[] = [];
  const secrets = new Map<string, Readonly<Record<string, string>>>();
  return {
    requests,
    secrets,
    async invoke(request) {
      // As it goes over the wire.
      const sent = JSON.parse(JSON.stringify(request)) as ProtocolMessage;
      requests.push(sent);
      const got = answer(sent, requests.length - 1);
      if (got instanceof Error) throw got;
      return got;
    },
    async secretArn(name, credentials) {
      secrets.set(name, credentials);
      return `arn:aws:secretsmanager:eu-west-1:123456789012:secret:${name}`;
    },
    async tokenSecretArn(name, accessToken) {
      secrets.set(`${name}/token`, { accessToken });
      return `arn:aws:secretsmanager:eu-west-1:123456789012:secret:${name}/token`;
    },
  };
}

/** What a connector says of itself: sources and destinations, with an API key. Members over it. */
export function configurationOf(members: object = {}): object {
  return {
    connectorOwner: 'Acme',
    connectorName: 'AcmeCRM',
    connectorVersion: '1.2',
    connectorModes: ['SOURCE', 'DESTINATION'],
    authenticationConfig: { isApiKeyAuthSupported: true, oAuth2Defaults: null, customAuthConfig: null },
    connectorRuntimeSetting: [
      {
        key: 'instanceUrl',
        dataType: 'Url',
        required: true,
        label: 'Instance URL',
        description: null,
        scope: 'CONNECTOR_PROFILE',
        connectorSuppliedValueOptions: null,
      },
    ],
    supportedApiVersions: ['v1.0'],
    operatorsSupported: ['PROJECTION', 'EQUAL_TO'],
    supportedTriggerTypes: ['SCHEDULED', 'ONDEMAND'],
    supportedWriteOperations: ['INSERT', 'UPDATE', 'UPSERT', 'DELETE'],
    ...members,
  };
}

export function registrationOf(configuration: object = {}, members: object = {}): ConnectorRegistration {
  return checkRegistration(
    {
      connectorLabel: 'AcmeCRM',
      ...members,
      connectorConfiguration: configurationOf(configuration),
    },
    'AcmeCRM.yaml',
  );
}

/** OAuth 2 by the address of a tenant. */
export const oauthConfiguration = {
  authenticationConfig: {
    isOAuth2Supported: true,
    oAuth2Defaults: {
      tokenURL: ['https://{{Tenant}}.crm.example.org/oauth/token'],
      authURL: ['https://{{Tenant}}.crm.example.org/oauth/authorize'],
      oAuthScopes: ['read'],
      oAuth2GrantTypesSupported: ['AUTHORIZATION_CODE', 'CLIENT_CREDENTIALS'],
      oAuth2ContentType: 'URL_ENCODED',
      oAuth2MethodType: 'HTTP_POST',
      addBasicAuthHeader: null,
      oAuth2CustomProperties: [],
    },
  },
  connectorRuntimeSetting: [],
};
