import { createPublicKey, generateKeyPairSync, sign } from 'node:crypto';
import type { Signer } from '#core';

/** Signs with a key of its own. */
export function testSigner(name = 'test'): Signer {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return {
    sign: async (text) => ({
      key: name,
      value: sign('sha256', Buffer.from(text), privateKey).toString('base64'),
    }),
    publicKey: async () => ({
      key: name,
      spki: createPublicKey(privateKey).export({ type: 'spki', format: 'der' }),
    }),
  };
}
