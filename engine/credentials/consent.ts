import type { AuthorizationCode } from '../../core/connector/auth.ts';
import type { Clock, Http } from '../../core/ports.ts';
import { codeChallenge, newVerifier } from './pkce.ts';
import { type Credentials, requestToken, type TokenAnswer } from './token-request.ts';

/** A consent that is under way. */
export interface Consent {
  /** Where the person consents. */
  readonly url: string;
  /** The vendor's answer must bring it back. */
  readonly state: string;
  readonly redirectUri: string;
  readonly verifier?: string;
}

/**
 * The authorization request of https://www.rfc-editor.org/rfc/rfc6749#section-4.1.1, with PKCE where the vendor knows it.
 *
 * @param grant its holes filled
 */
export function startConsent(grant: AuthorizationCode, clientId: string, redirectUri: string): Consent {
  const state = newVerifier();
  const verifier = grant.pkce ? newVerifier() : undefined;
  const url = new URL(grant.authorizeUrl);
  const parameters = {
    ...grant.authorizeParameters,
    response_type: 'code',
    client_id: clientId,
    redirect_uri: redirectUri,
    state,
    ...(grant.scopes.length > 0 && { scope: grant.scopes.join(grant.scopeSeparator ?? ' ') }),
    ...(verifier && { code_challenge: codeChallenge(verifier), code_challenge_method: 'S256' }),
  };
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  // Some vendors read a plus sign as it is.
  url.search = url.search.replaceAll('+', '%20');
  return { url: url.href, state, redirectUri, ...(verifier && { verifier }) };
}

/** Changes the code for tokens. @throws as `requestToken` */
export function finishConsent(
  grant: AuthorizationCode,
  { redirectUri, verifier }: Consent,
  code: string,
  credentials: Credentials,
  ports: { readonly http: Http; readonly clock: Clock },
): Promise<TokenAnswer> {
  return requestToken(
    grant,
    {
      grant_type: 'authorization_code',
      code,
      redirect_uri: redirectUri,
      ...(verifier && { code_verifier: verifier }),
    },
    credentials,
    ports,
  );
}
