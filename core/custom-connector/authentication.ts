/** How connections of a custom connector authenticate, in the words of the registry's connectors. */

import {
  type ConnectionScheme,
  clientCredentials,
  type HandedOver,
  type OAuth2Scheme,
  oauth2,
} from '../connector/auth.ts';
import type { Setting } from '../connector/connector.ts';
import type { ConnectorConfiguration } from './configuration.ts';

/** The protocol's names of the ways to authenticate; AppFlow's API has others. */
export type AuthenticationType = 'BasicAuth' | 'ApiKey' | 'OAuth2' | 'CustomAuth';

export function authenticationType(scheme: ConnectionScheme): AuthenticationType {
  if (scheme.kind === 'oauth2') return 'OAuth2';
  return { basic: 'BasicAuth', apiKey: 'ApiKey', custom: 'CustomAuth' }[
    scheme.kind === 'handedOver' ? scheme.name : 'custom'
  ] as AuthenticationType;
}

/** The ways that a configuration offers; of OAuth 2, those grants that this version can do (see {@link undoableOAuth}). */
export function schemesOf({ authenticationConfig: auth }: ConnectorConfiguration): ConnectionScheme[] {
  return [
    ...(auth.oAuth2Defaults ? oAuth2Schemes(auth.oAuth2Defaults) : []),
    ...(auth.isBasicAuthSupported ? [basicAuth] : []),
    ...(auth.isApiKeyAuthSupported ? [apiKeyAuth] : []),
    ...(auth.isCustomAuthSupported ? (auth.customAuthConfig ?? []).map(customAuth) : []),
  ];
}

const basicAuth: HandedOver = {
  kind: 'handedOver',
  name: 'basic',
  label: 'User and password',
  credentials: ['username', 'password'],
  optional: [],
  shown: ['username'],
};

const apiKeyAuth: HandedOver = {
  kind: 'handedOver',
  name: 'apiKey',
  label: 'API key',
  credentials: ['apiKey'],
  optional: ['apiSecretKey'],
  shown: [],
};

type CustomAuthConfig = NonNullable<
  ConnectorConfiguration['authenticationConfig']['customAuthConfig']
>[number];

function customAuth({ authenticationType: label, authParameters }: CustomAuthConfig): HandedOver {
  const keys = (chosen: (parameter: CustomAuthConfig['authParameters'][number]) => boolean): string[] =>
    authParameters.filter(chosen).map(({ key }) => key);
  return {
    kind: 'handedOver',
    name: 'custom',
    label,
    credentials: keys(({ required }) => required === true),
    optional: keys(({ required }) => required !== true),
    shown: keys(({ sensitiveField }) => sensitiveField === false),
    fixed: { customAuthenticationType: label },
  };
}

// ---- OAuth 2 ----

type OAuth2Defaults = NonNullable<ConnectorConfiguration['authenticationConfig']['oAuth2Defaults']>;

/** Why no token can be got for this connector; `undefined`: one can. */
export function undoableOAuth(defaults: OAuth2Defaults): string | undefined {
  const { oAuth2ContentType: content = 'URL_ENCODED', oAuth2MethodType: method } = defaults;
  const properties = [...(defaults.oAuth2CustomProperties ?? []), ...(defaults.oauth2CustomProperties ?? [])];
  if (!['URL_ENCODED', 'APPLICATION_JSON'].includes(content)) return `oAuth2ContentType ${content}`;
  if (method !== undefined && method !== 'HTTP_POST') return `oAuth2MethodType ${method}`;
  if (properties.length > 0) return `oAuth2CustomProperties ${properties.map(({ key }) => key).join(', ')}`;
  const [tokenUrl] = defaults.tokenURL ?? [];
  return tokenUrl === undefined ? 'no tokenURL' : undefined;
}

function oAuth2Schemes(defaults: OAuth2Defaults): OAuth2Scheme[] {
  if (undoableOAuth(defaults) !== undefined) return [];
  const { tokenURL = [], authURL = [], oAuthScopes = [], oAuth2GrantTypesSupported: grants = [] } = defaults;
  const [tokenUrl = ''] = tokenURL;
  const [authorizeUrl] = authURL;
  const options = {
    tokenUrl: withHoles(tokenUrl),
    scopes: oAuthScopes,
    ...(defaults.addBasicAuthHeader ? { clientAuthentication: 'basic' as const } : {}),
    ...(defaults.oAuth2ContentType === 'APPLICATION_JSON' ? { tokenBody: 'json' as const } : {}),
  };
  return [
    ...(grants.includes('AUTHORIZATION_CODE') && authorizeUrl !== undefined
      ? [oauth2({ ...options, authorizeUrl: withHoles(authorizeUrl) })]
      : []),
    ...(grants.includes('CLIENT_CREDENTIALS') ? [clientCredentials(options)] : []),
  ];
}

const template = /\{\{\s*([\w.-]+)\s*\}\}/g;

/** `{{Tenant}}`, as connectors write what a connection must give, in our form: `{Tenant}`. */
function withHoles(url: string): string {
  return url.replace(template, '{$1}');
}

/** Settings of connections that the addresses of OAuth 2 name. */
export function oAuth2Settings({
  authenticationConfig: { oAuth2Defaults },
}: ConnectorConfiguration): Record<string, Setting> {
  const [tokenUrl = '', authUrl = ''] = [oAuth2Defaults?.tokenURL?.[0], oAuth2Defaults?.authURL?.[0]];
  const names = [...`${tokenUrl} ${authUrl}`.matchAll(template)].map(([, name = '']) => name);
  return Object.fromEntries(names.map((name) => [name, { label: name }]));
}

/**
 * The hosts that a connection's settings may lead OAuth 2 to: what the connector fixes of them. `*.crm.example.org` of
 * `https://{{Tenant}}.crm.example.org`.
 */
export function oAuth2Hosts({ authenticationConfig: { oAuth2Defaults } }: ConnectorConfiguration): string[] {
  const urls = [oAuth2Defaults?.tokenURL?.[0], oAuth2Defaults?.authURL?.[0]];
  return urls.flatMap((url) => {
    if (url === undefined) return [];
    const host = withHoles(url).replace(/^https:\/\/([^/]*).*$/s, '$1');
    if (!host.includes('}')) return [host];
    const fixed = host.slice(host.lastIndexOf('}') + 1).replace(/^[^.]*/, '');
    return [fixed === '' ? '*' : `*${fixed}`];
  });
}
