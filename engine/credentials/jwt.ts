import { createPrivateKey, type KeyObject, sign } from 'node:crypto';
import type { JwtBearer } from '../../core/connector/auth.ts';
import { TributaryError } from '../../core/errors.ts';

/** Seconds that an assertion may be used. Salesforce takes at most 3 minutes, Google an hour. */
const lifetime = 120;

/**
 * The assertion of https://www.rfc-editor.org/rfc/rfc7523#section-3, signed with RS256. `scope` is what Google wants beside
 * the standard's claims; it is left out where the grant names none.
 *
 * @param credentials `clientId` (the issuer), `privateKey` (PEM), and the `username` on whose behalf, if any
 * @param now epoch milliseconds
 * @throws InvalidCredentials if the key is no RSA key in PEM
 */
export function signedJwt(
  { audience, scopes, scopeSeparator = ' ' }: JwtBearer,
  { clientId, username, privateKey = '' }: Readonly<Record<string, string>>,
  now: number,
): string {
  const issuedAt = Math.floor(now / 1000);
  const claims = {
    iss: clientId,
    ...(username && { sub: username }),
    aud: audience,
    ...(scopes.length > 0 && { scope: scopes.join(scopeSeparator) }),
    iat: issuedAt,
    exp: issuedAt + lifetime,
  };
  const signed = [{ alg: 'RS256', typ: 'JWT' }, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
  return `${signed}.${sign('sha256', Buffer.from(signed), rsaKey(privateKey)).toString('base64url')}`;
}

function rsaKey(pem: string): KeyObject {
  try {
    // Environment variables and JSON files often hold the line ends as \n.
    const key = createPrivateKey(pem.replaceAll('\\n', '\n'));
    if (key.asymmetricKeyType === 'rsa') return key;
  } catch {
    // No cause: it may quote the key.
  }
  throw new TributaryError('InvalidCredentials', 'privateKey is not usable', {
    expected: 'an RSA private key in PEM, without a passphrase',
  });
}
