import { createHash, randomBytes } from 'node:crypto';

/** A new secret of 256 bits for one authorization: a code verifier, or a state. */
export function newVerifier(): string {
  return randomBytes(32).toString('base64url');
}

/** S256: https://www.rfc-editor.org/rfc/rfc7636#section-4.2 */
export function codeChallenge(verifier: string): string {
  return createHash('sha256').update(verifier).digest('base64url');
}
