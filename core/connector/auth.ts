/** Authentication schemes as data. The engine turns a scheme and a connection's credentials into headers. */

export type AuthScheme =
  | {
      readonly kind: 'oauth2';
      readonly authorizeUrl: string;
      readonly tokenUrl: string;
      readonly scopes: readonly string[];
    }
  | {
      readonly kind: 'apiKey';
      /** What the vendor calls the key. */
      readonly label: string;
      /** Lower-case header name. */
      readonly header: string;
      /** Written before the key: `Bearer`. */
      readonly scheme?: string;
    }
  | {
      readonly kind: 'basic';
      /** What the vendor calls the pair's members. */
      readonly label: string;
    };

/** The credentials that a scheme needs: the keys of the connection's secret, AppFlow's words for them. */
export function credentialNames(scheme: AuthScheme): readonly string[] {
  switch (scheme.kind) {
    case 'oauth2':
      return ['accessToken'];
    case 'apiKey':
      return ['apiKey'];
    case 'basic':
      return ['username', 'password'];
  }
}

/** The authorization code grant; requests carry `authorization: Bearer <accessToken>`. */
export function oauth2(options: {
  readonly authorizeUrl: string;
  readonly tokenUrl: string;
  readonly scopes: readonly string[];
}): AuthScheme {
  return { kind: 'oauth2', ...options };
}

/** @param options.header default `authorization` */
export function apiKey(options: {
  readonly label: string;
  readonly header?: string;
  readonly scheme?: string;
}): AuthScheme {
  return { kind: 'apiKey', header: 'authorization', ...options };
}

/** HTTP Basic of `username` and `password`. */
export function basic(options: { readonly label: string }): AuthScheme {
  return { kind: 'basic', ...options };
}
