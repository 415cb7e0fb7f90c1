import { type AuthScheme, credentialNames } from '../../core/connector/auth.ts';
import type { Connector } from '../../core/connector/connector.ts';
import { TributaryError } from '../../core/errors.ts';

export interface Authorization {
  readonly headers: Readonly<Record<string, string>>;
  /** What must never be shown: the credentials and what was made of them. */
  readonly secrets: readonly string[];
}

/**
 * The headers of the first scheme whose credentials the connection holds.
 *
 * @throws InvalidCredentials if it holds none
 */
export function authorize(
  connector: Connector,
  credentials: Readonly<Record<string, string>>,
): Authorization {
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
  const headers = headersOf(scheme, credentials);
  const made = Object.values(headers).map((value) => value.replace(/^(Basic|Bearer) /, ''));
  return { headers, secrets: [...Object.values(credentials), ...made].filter((secret) => secret.length > 3) };
}

function headersOf(
  scheme: AuthScheme,
  { accessToken, apiKey, username, password }: Readonly<Record<string, string>>,
): Record<string, string> {
  switch (scheme.kind) {
    case 'oauth2':
      return { authorization: `Bearer ${accessToken}` };
    case 'apiKey':
      return { [scheme.header]: scheme.scheme ? `${scheme.scheme} ${apiKey}` : `${apiKey}` };
    case 'basic':
      return { authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}` };
  }
}
