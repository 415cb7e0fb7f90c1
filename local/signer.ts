/** Signs with a key that this home makes for itself, `<home>/secrets/.signing-key`: who can read the file can sign. */

import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
} from 'node:crypto';
import path from 'node:path';
import { TributaryError } from '../core/errors.ts';
import type { PublicKey, Signer } from '../core/ports.ts';
import { readPrivate, writePrivate } from './private-file.ts';

/** @param home its folder */
export function localSigner(home: string): Signer {
  const file = path.join(home, 'secrets', '.signing-key');
  let own: Promise<KeyObject> | undefined;
  const ownKey = (): Promise<KeyObject> => {
    own ??= readOrMake(file);
    return own;
  };
  return {
    async sign(text) {
      const privateKey = await ownKey();
      const value = sign('sha256', Buffer.from(text), privateKey).toString('base64');
      return { key: publicKeyOf(privateKey).key, value };
    },
    publicKey: async () => publicKeyOf(await ownKey()),
  };
}

async function readOrMake(file: string): Promise<KeyObject> {
  const known = await readPrivate(file);
  if (known) return parse(known, file);
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' });
  // Of several that make one at once the first wins.
  await writePrivate(file, pem, { ifAbsent: true });
  const kept = await readPrivate(file);
  return kept ? parse(kept, file) : privateKey;
}

function parse(pem: Buffer, file: string): KeyObject {
  try {
    const key = createPrivateKey(pem);
    if (key.asymmetricKeyDetails?.namedCurve === 'prime256v1') return key;
  } catch {
    // The parser's message might quote the key.
  }
  throw new TributaryError('InvalidCredentials', 'the file holds no signing key', {
    at: file,
    expected: 'a private key of the curve P-256, PKCS #8 in PEM',
    fix: 'put the key back; without it the certificates that it signed cannot be verified',
  });
}

function publicKeyOf(privateKey: KeyObject): PublicKey {
  const spki = createPublicKey(privateKey).export({ type: 'spki', format: 'der' });
  return { key: `local:${createHash('sha256').update(spki).digest('hex').slice(0, 16)}`, spki };
}
