import type { ConnectionScheme, OAuth2Scheme } from '../../core/connector/auth.ts';
import { credentialNames } from '../../core/connector/auth.ts';
import { fillHoles, holesOf } from '../../core/connector/holes.ts';
import { TributaryError } from '../../core/errors.ts';
import type { ConnectionRequest } from '../../core/source.ts';
import { type Addressed, baseUrlOf, settingOf, settingsOf } from '../http/hosts.ts';
import type { Credentials } from './token-request.ts';

/** Whether the credentials get a token by this grant without a person. */
export function renewable({ grant }: OAuth2Scheme, credentials: Credentials): boolean {
  const { clientId, clientSecret, refreshToken, privateKey } = credentials;
  if (!clientId) return false;
  switch (grant) {
    case 'authorizationCode':
      return Boolean(refreshToken);
    case 'clientCredentials':
      return Boolean(clientSecret) && !refreshToken && !privateKey;
    case 'jwtBearer':
      return Boolean(privateKey);
  }
}

/**
 * The first scheme whose credentials the connection holds. Of OAuth 2 that is what gets tokens, or a token as such.
 *
 * @throws InvalidCredentials if it holds none
 */
export function schemeOf<S extends ConnectionScheme>(
  connector: { readonly label: string; readonly auth: readonly S[] },
  credentials: Credentials,
): S {
  const renews = connector.auth.find((scheme) => scheme.kind === 'oauth2' && renewable(scheme, credentials));
  const scheme = renews ?? connector.auth.find((candidate) => isHeld(candidate, credentials));
  if (scheme) return scheme;
  throw new TributaryError('InvalidCredentials', 'the connection holds no usable credentials', {
    at: connector.label,
    got: Object.keys(credentials).join(', ') || 'none',
    expected: connector.auth.map(expectation).join(', or '),
  });
}

function isHeld(scheme: ConnectionScheme, credentials: Credentials): boolean {
  const fixed = scheme.kind === 'handedOver' ? Object.entries(scheme.fixed ?? {}) : [];
  return (
    credentialNames(scheme).every((name) => credentials[name]) &&
    fixed.every(([name, value]) => credentials[name] === value)
  );
}

function expectation(scheme: ConnectionScheme): string {
  if (scheme.kind !== 'oauth2') return credentialNames(scheme).join(' and ');
  switch (scheme.grant) {
    case 'authorizationCode':
      return 'accessToken, or clientId and refreshToken';
    case 'clientCredentials':
      return 'clientId and clientSecret';
    case 'jwtBearer':
      return 'clientId and privateKey';
  }
}

/**
 * A connection's grant: settings in the holes of its addresses, hosts checked. A connection with an endpoint gets its
 * tokens there too.
 *
 * @throws ConnectionInvalid if a setting is missing, or leads to a host that is not the vendor's
 */
export function grantOf<S extends OAuth2Scheme>(
  connector: Addressed,
  scheme: S,
  request: ConnectionRequest,
): S {
  const settings = settingsOf(connector, request);
  const setting = (name: string) => settingOf(settings, name, connector);
  const fill = (template: string) => fillHoles(template, setting);
  // A declared host is the vendor's; one that a setting names has to be shown to be. An endpoint with a path stands for the
  // base URL, and its host for the vendor's others.
  const baseOf = (origin: string): string => {
    const isDeclared = holesOf(origin).length === 0;
    if (isDeclared && request.endpoint === undefined) return origin;
    const base = baseUrlOf(connector, request, origin);
    return isDeclared ? base.origin : base.href.replace(/\/$/, '');
  };
  const address = (template: string): string => {
    const [, origin = '', rest = ''] = /^((?:https:\/\/)?[^/]*)(.*)$/s.exec(template) ?? [];
    // A setting that holds a whole address: the endpoint stands for its host.
    const whole = /^\{\w+\}$/.test(template) && request.endpoint !== undefined ? fill(template) : '';
    if (URL.canParse(whole)) return baseUrlOf(connector, request, origin).origin + new URL(whole).pathname;
    return baseOf(origin) + fillHoles(rest, (name) => encodeURIComponent(setting(name)));
  };
  const fillAll = (templates: Readonly<Record<string, string>>) =>
    Object.fromEntries(Object.entries(templates).map(([name, template]) => [name, fill(template)]));
  return {
    ...scheme,
    tokenUrl: address(scheme.tokenUrl),
    scopes: scheme.scopes.map(fill),
    ...('authorizeUrl' in scheme && { authorizeUrl: address(scheme.authorizeUrl) }),
    ...('audience' in scheme && { audience: fill(scheme.audience) }),
    ...(scheme.tokenParameters && { tokenParameters: fillAll(scheme.tokenParameters) }),
    ...('authorizeParameters' in scheme &&
      scheme.authorizeParameters && { authorizeParameters: fillAll(scheme.authorizeParameters) }),
  };
}
