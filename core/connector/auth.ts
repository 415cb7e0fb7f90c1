/**
 * Authentication schemes as data. `engine/credentials` gets access tokens, `engine/http/authorize` turns credentials into
 * what a request carries. Addresses may have holes that name a setting: `https://{domain}/oauth2/v1/token`.
 */

import { fillHoles, holesOf } from './holes.ts';

/** How a token endpoint wants the client's id and secret: HTTP Basic, or parameters of the form. Default `body`. */
export type ClientAuthentication = 'basic' | 'body';

interface OAuth2 {
  readonly kind: 'oauth2';
  readonly tokenUrl: string;
  readonly scopes: readonly string[];
  /** Written between scopes. Default a blank. */
  readonly scopeSeparator?: string;
  readonly clientAuthentication?: ClientAuthentication;
  /** How the token request's parameters are written. Default `form`, as OAuth 2 has it. */
  readonly tokenBody?: 'form' | 'json';
  /** More parameters of the token request: `{ audience: '…' }`. */
  readonly tokenParameters?: Readonly<Record<string, string>>;
  /** Lifetime of an access token where the answer has no `expires_in`, in seconds. */
  readonly expiresInSeconds?: number;
  /** Written before the token. Default `Bearer`. */
  readonly scheme?: string;
}

export interface AuthorizationCode extends OAuth2 {
  readonly grant: 'authorizationCode';
  readonly authorizeUrl: string;
  /** The vendor knows PKCE with S256 (RFC 7636). */
  readonly pkce?: true;
  /** More parameters of the authorization request: `{ access_type: 'offline' }`. */
  readonly authorizeParameters?: Readonly<Record<string, string>>;
  /** A refresh answers with another refresh token, and the old one dies. */
  readonly rotatesRefreshToken?: true;
}

export interface ClientCredentials extends OAuth2 {
  readonly grant: 'clientCredentials';
}

export interface JwtBearer extends OAuth2 {
  readonly grant: 'jwtBearer';
  /** The `aud` claim (RFC 7523). */
  readonly audience: string;
}

export interface ApiKey {
  readonly kind: 'apiKey';
  /** What the vendor calls the key. */
  readonly label: string;
  /** Lower-case header name. */
  readonly header: string;
  /** Written before the key: `Bearer`. */
  readonly scheme?: string;
}

export interface Basic {
  readonly kind: 'basic';
  /** What the vendor calls the pair's members. */
  readonly label: string;
  /** Templates of the two, with credentials in their holes: `{email}/token`. */
  readonly username: string;
  readonly password: string;
}

export interface Custom {
  readonly kind: 'custom';
  /** AppFlow's name of the scheme in `customAuth`. */
  readonly label: string;
  /** Templates with credentials in their holes; lower-case header names. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
}

/** What a signature covers. */
export interface SignedRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface Signature {
  readonly kind: 'signature';
  readonly label: string;
  /** The keys of the connection's secret that `sign` needs. */
  readonly credentials: readonly string[];
  /** Pure: headers that sign a request (an HMAC over it). @param now epoch milliseconds */
  readonly sign: (
    request: SignedRequest,
    credentials: Readonly<Record<string, string>>,
    now: number,
  ) => Readonly<Record<string, string>>;
}

/** Credentials that a custom connector reads from the connection's secret itself: no request of ours carries them. */
export interface HandedOver {
  readonly kind: 'handedOver';
  readonly name: 'basic' | 'apiKey' | 'custom';
  readonly label: string;
  /** The keys of the connection's secret that it needs, and those that may be there. */
  readonly credentials: readonly string[];
  readonly optional: readonly string[];
  /** Of them, those that are no secrets. */
  readonly shown: readonly string[];
  /** Members of the secret that say which scheme it is. */
  readonly fixed?: Readonly<Record<string, string>>;
}

export type OAuth2Scheme = AuthorizationCode | ClientCredentials | JwtBearer;
/** Of requests over HTTP. */
export type AuthScheme = OAuth2Scheme | ApiKey | Basic | Custom | Signature;
/** Of connections. */
export type ConnectionScheme = AuthScheme | HandedOver;

/** `authorizationCode`, `apiKey` …: a scheme's name in commands. */
export function schemeName(scheme: ConnectionScheme): string {
  if (scheme.kind === 'handedOver') return scheme.name;
  return scheme.kind === 'oauth2' ? scheme.grant : scheme.kind;
}

/** What the vendor calls its credentials, or the grant. */
export function schemeLabel(scheme: ConnectionScheme): string {
  if (scheme.kind !== 'oauth2') return scheme.label;
  switch (scheme.grant) {
    case 'authorizationCode':
      return 'OAuth 2, consent in the browser';
    case 'clientCredentials':
      return 'OAuth 2, client credentials';
    case 'jwtBearer':
      return 'OAuth 2, key pair';
  }
}

/** The credentials that a request of a scheme needs: keys of the connection's secret, AppFlow's words for them. */
export function credentialNames(scheme: ConnectionScheme): readonly string[] {
  switch (scheme.kind) {
    case 'oauth2':
      return ['accessToken'];
    case 'apiKey':
      return ['apiKey'];
    case 'basic':
      return [...new Set(holesOf(scheme.username + scheme.password))];
    case 'custom':
      return [...new Set(Object.values({ ...scheme.headers, ...scheme.query }).flatMap(holesOf))];
    case 'signature':
    case 'handedOver':
      return scheme.credentials;
  }
}

/** A template with credentials in its holes. */
export function fillCredentials(template: string, credentials: Readonly<Record<string, string>>): string {
  return fillHoles(template, (name) => credentials[name] ?? '');
}

type Options<S extends OAuth2> = Omit<S, 'kind' | 'grant'>;

/** The authorization code grant; requests carry `authorization: Bearer <accessToken>`. */
export function oauth2(options: Options<AuthorizationCode>): AuthorizationCode {
  return { kind: 'oauth2', grant: 'authorizationCode', ...options };
}

export function clientCredentials(options: Options<ClientCredentials>): ClientCredentials {
  return { kind: 'oauth2', grant: 'clientCredentials', ...options };
}

/** A JWT signed by the connection's private key buys the token (RFC 7523). */
export function jwtBearer(options: Options<JwtBearer>): JwtBearer {
  return { kind: 'oauth2', grant: 'jwtBearer', ...options };
}

/** A key in a header, `authorization` unless told; for a query parameter or several keys see `custom`. */
export function apiKey(options: Omit<ApiKey, 'kind' | 'header'> & { readonly header?: string }): ApiKey {
  return { kind: 'apiKey', header: 'authorization', ...options };
}

/** HTTP Basic of `username` and `password`, or of what templates make of other credentials. */
export function basic(options: Pick<Basic, 'label'> & Partial<Pick<Basic, 'username' | 'password'>>): Basic {
  return { kind: 'basic', username: '{username}', password: '{password}', ...options };
}

/** @example custom({ label: 'api_key', headers: { 'dd-api-key': '{apiKey}', 'dd-application-key': '{applicationKey}' } }) */
export function custom(options: Omit<Custom, 'kind'>): Custom {
  return { kind: 'custom', ...options };
}

export function signature(options: Omit<Signature, 'kind'>): Signature {
  return { kind: 'signature', ...options };
}
