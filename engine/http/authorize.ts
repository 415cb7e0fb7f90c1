import {
  type AuthScheme,
  credentialNames,
  fillCredentials,
  type SignedRequest,
} from '../../core/connector/auth.ts';
import type { Connector } from '../../core/connector/connector.ts';
import { TributaryError } from '../../core/errors.ts';

type Texts = Readonly<Record<string, string>>;

export interface Authorization {
  readonly headers: Texts;
  /** Query parameters, set on every request and never kept in a page token. */
  readonly query?: Texts;
  /** Headers that depend on the request itself. @param now epoch milliseconds */
  sign?(request: SignedRequest, now: number): Texts;
  /** What must never be shown: the credentials and what was made of them. */
  readonly secrets: readonly string[];
}

/**
 * What requests carry by the first scheme whose credentials the connection holds.
 *
 * @throws InvalidCredentials if it holds none
 */
export function authorize(connector: Connector, credentials: Texts): Authorization {
  const scheme = connector.auth.find((candidate) =>
    credentialNames(candidate).every((name) => credentials[name]),
  );
  if (!scheme) {
    throw new TributaryError('InvalidCredentials', 'the connection holds no usable credentials', {
      at: connector.label,
      got: Object.keys(credentials).join(', ') || 'none',
      expected: connector.auth.map((candidate) => credentialNames(candidate).join(' and ')).join(', or '),
    });
  }
  const carried = carriedBy(scheme, credentials);
  const made = Object.values({ ...carried.headers, ...carried.query });
  const secrets = [
    ...Object.values(credentials),
    ...made,
    ...made.map((value) => value.replace(/^\w+ /, '')),
  ];
  return { ...carried, secrets: [...new Set(secrets)].filter((secret) => secret.length > 3) };
}

function carriedBy(scheme: AuthScheme, credentials: Texts): Omit<Authorization, 'secrets'> {
  const filled = (templates: Texts = {}) =>
    Object.fromEntries(
      Object.entries(templates).map(([name, template]) => [name, fillCredentials(template, credentials)]),
    );
  switch (scheme.kind) {
    case 'oauth2':
      return { headers: filled({ authorization: `${scheme.scheme ?? 'Bearer'} {accessToken}` }) };
    case 'apiKey':
      return {
        headers: filled({ [scheme.header]: scheme.scheme ? `${scheme.scheme} {apiKey}` : '{apiKey}' }),
      };
    case 'basic': {
      const pair = `${fillCredentials(scheme.username, credentials)}:${fillCredentials(scheme.password, credentials)}`;
      return { headers: { authorization: `Basic ${Buffer.from(pair).toString('base64')}` } };
    }
    case 'custom':
      return { headers: filled(scheme.headers), query: filled(scheme.query) };
    case 'signature':
      return { headers: {}, sign: (request, now) => scheme.sign(request, credentials, now) };
  }
}
