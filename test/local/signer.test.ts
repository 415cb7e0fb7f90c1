import { createPublicKey, verify } from 'node:crypto';
import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { localSigner } from '../../local/signer.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const keyFile = (home: string): string => path.join(home, 'secrets', '.signing-key');

describe('the signer of a home', () => {
  it('signs with a key that it makes once, for its owner alone', async () => {
    const home = temporaryFolder();
    const signature = await localSigner(home).sign('text');
    expect((statSync(keyFile(home)).mode & 0o777).toString(8)).toBe('600');
    const made = readFileSync(keyFile(home));
    // Of another process.
    const { key, spki } = await localSigner(home).publicKey();
    expect(readFileSync(keyFile(home))).toEqual(made);
    expect(signature.key).toBe(key);
    expect(key).toMatch(/^local:[0-9a-f]{16}$/);
    const publicKey = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' });
    const holds = (text: string): boolean =>
      verify('sha256', Buffer.from(text), publicKey, Buffer.from(signature.value, 'base64'));
    expect([holds('text'), holds('other')]).toEqual([true, false]);
  });

  it('has one key when several processes make it at once', async () => {
    const home = temporaryFolder();
    const keys = await Promise.all([1, 2, 3].map(async () => (await localSigner(home).publicKey()).key));
    expect(new Set(keys).size).toBe(1);
  });

  it('refuses a key that others may read, and what is no key', async () => {
    const home = temporaryFolder();
    await localSigner(home).publicKey();
    chmodSync(keyFile(home), 0o644);
    await expect(localSigner(home).sign('text')).rejects.toMatchObject({ code: 'AccessDenied' });
    chmodSync(keyFile(home), 0o600);
    writeFileSync(keyFile(home), 'hunter2');
    const error = await localSigner(home)
      .sign('text')
      .catch((thrown: Error) => thrown);
    expect(error).toMatchObject({ code: 'InvalidCredentials' });
    expect(String(error)).not.toContain('hunter2');
  });
});
