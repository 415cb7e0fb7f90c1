import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

/** AES-256-GCM with a nonce of 96 bits and a tag of 128. */
const nonceLength = 12;
const tagLength = 16;

/** @param key 32 bytes @param about is authenticated, not stored: who opens must name it again @returns base64 */
export function encrypt(key: Uint8Array, text: string, about: string): string {
  const nonce = randomBytes(nonceLength);
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(about));
  const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), body]).toString('base64');
}

/** `undefined`: another key, about something else, or changed. */
export function decrypt(key: Uint8Array, sealed: string, about: string): string | undefined {
  const bytes = Buffer.from(sealed, 'base64');
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, nonceLength), {
      authTagLength: tagLength,
    })
      .setAAD(Buffer.from(about))
      .setAuthTag(bytes.subarray(nonceLength, nonceLength + tagLength));
    const body = decipher.update(bytes.subarray(nonceLength + tagLength));
    return Buffer.concat([body, decipher.final()]).toString();
  } catch {
    return undefined;
  }
}
