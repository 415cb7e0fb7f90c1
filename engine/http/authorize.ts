import { type AuthScheme, fillCredentials, type SignedRequest } from '../../core/connector/auth.ts';

type Texts = Readonly<Record<string, string>>;

export interface Authorization {
  readonly headers: Texts;
  /** Query parameters, set on every request and never kept in a page token. */
  readonly query?: Texts;
  /** Headers that depend on the request itself. @param now epoch milliseconds */
  sign?(request: SignedRequest, now: number): Texts;
  /** What must never be shown: the credentials and what was made of them. */
  readonly secrets: readonly string[];
  /** The token that it was made of, where the scheme has one. */
  readonly accessToken?: string;
}

/** What requests carry by a scheme whose credentials are there (see `credentialNames`). */
export function authorize(scheme: AuthScheme, credentials: Texts): Authorization {
  const carried = carriedBy(scheme, credentials);
  const made = Object.values({ ...carried.headers, ...carried.query });
  const secrets = [
    ...Object.values(credentials),
    ...made,
    ...made.map((value) => value.replace(/^\w+ /, '')),
  ];
  const { accessToken } = credentials;
  return {
    ...carried,
    secrets: [...new Set(secrets)].filter((secret) => secret.length > 3),
    ...(scheme.kind === 'oauth2' && accessToken !== undefined && { accessToken }),
  };
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
