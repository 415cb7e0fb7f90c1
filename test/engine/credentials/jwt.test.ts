import { createVerify, generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { jwtBearer } from '#core';
import { signedJwt } from '../../../engine/credentials/jwt.ts';

const pem = { type: 'pkcs8', format: 'pem' } as const;
const { publicKey, privateKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: pem,
});
const grant = jwtBearer({ tokenUrl: 'https://v.example/token', audience: 'https://v.example', scopes: [] });
const now = Date.parse('2026-02-03T10:15:00.500Z');

const part = (jwt: string, index: number): unknown =>
  JSON.parse(Buffer.from(jwt.split('.')[index] ?? '', 'base64url').toString());

describe('an assertion', () => {
  it('says who asks whom for whom, for two minutes', () => {
    const jwt = signedJwt(grant, { clientId: 'app', username: 'eva@example.com', privateKey }, now);
    expect(part(jwt, 0)).toEqual({ alg: 'RS256', typ: 'JWT' });
    expect(part(jwt, 1)).toEqual({
      iss: 'app',
      sub: 'eva@example.com',
      aud: 'https://v.example',
      iat: 1_770_113_700,
      exp: 1_770_113_820,
    });
  });

  it('is signed so that the public key verifies it', () => {
    const [header, payload, signature = ''] = signedJwt(grant, { clientId: 'app', privateKey }, now).split(
      '.',
    );
    const verifier = createVerify('RSA-SHA256').update(`${header}.${payload}`);
    expect(verifier.verify(publicKey, signature, 'base64url')).toBe(true);
  });

  it('names scopes where the grant has some', () => {
    const jwt = signedJwt({ ...grant, scopes: ['a', 'b'] }, { clientId: 'app', privateKey }, now);
    expect(part(jwt, 1)).toMatchObject({ scope: 'a b' });
  });

  it('takes a key whose line ends are written as \\n', () => {
    const oneLine = privateKey.replaceAll('\n', '\\n');
    expect(signedJwt(grant, { clientId: 'app', privateKey: oneLine }, now)).toMatch(/^ey/);
  });

  it.each([
    ['no key', ''],
    ['text that is no key', 'top-secret-text'],
    [
      'a key of another kind',
      generateKeyPairSync('ec', {
        namedCurve: 'P-256',
        publicKeyEncoding: { type: 'spki', format: 'pem' },
        privateKeyEncoding: pem,
      }).privateKey,
    ],
  ])('is refused with %s, without showing it', (_, key) => {
    const sign = () => signedJwt(grant, { clientId: 'app', privateKey: key }, now);
    expect(sign).toThrow(
      expect.objectContaining({
        code: 'InvalidCredentials',
        message: 'privateKey is not usable; expected an RSA private key in PEM, without a passphrase',
      }),
    );
  });
});
