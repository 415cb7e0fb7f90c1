import type { KMSClient } from '@aws-sdk/client-kms';
import { describe, expect, it } from 'vitest';
import { kmsVault } from '../../../lambdas/aws/vault.ts';
import { fakeClient, serviceError } from '../../support/fake-client.ts';

const Plaintext = Buffer.alloc(32, 5);
const CiphertextBlob = Buffer.from('wrapped');

describe('the vault in AWS', () => {
  it('seals with a data key of the platform key, for one connection', async () => {
    const { client, calls } = fakeClient<KMSClient>({
      GenerateDataKey: { Plaintext, CiphertextBlob },
      Decrypt: { Plaintext },
    });
    const vault = kmsVault(client, 'alias/tributary');
    // Larger than what KMS itself would encrypt.
    const token = 'token'.repeat(2000);
    const sealed = await vault.seal(token, 'crm');
    expect(sealed).not.toContain('token');
    expect(await vault.open(sealed, 'crm')).toBe(token);
    expect(await vault.open(sealed, 'erp')).toBeUndefined();
    expect(calls.slice(0, 2)).toEqual([
      {
        command: 'GenerateDataKey',
        input: {
          KeyId: 'alias/tributary',
          KeySpec: 'AES_256',
          EncryptionContext: { 'tributary:connection': 'crm' },
        },
      },
      {
        command: 'Decrypt',
        input: { CiphertextBlob, EncryptionContext: { 'tributary:connection': 'crm' } },
      },
    ]);
  });

  it.each(['InvalidCiphertextException', 'NotFoundException', 'KMSInvalidStateException'])(
    'has nothing to open after %s',
    async (name) => {
      const { client } = fakeClient<KMSClient>({ Decrypt: serviceError(name, 400) });
      expect(await kmsVault(client, 'k').open('d3JhcHBlZA==.AAAA', 'crm')).toBeUndefined();
    },
  );

  it('names the permission that is missing', async () => {
    const { client } = fakeClient<KMSClient>({
      GenerateDataKey: serviceError('AccessDeniedException', 400),
      Decrypt: serviceError('AccessDeniedException', 400),
    });
    const vault = kmsVault(client, 'alias/tributary');
    await expect(vault.seal('t', 'crm')).rejects.toMatchObject({
      code: 'AccessDenied',
      message: expect.stringContaining('allow kms:GenerateDataKey'),
    });
    await expect(vault.open('AAAA.AAAA', 'crm')).rejects.toMatchObject({
      code: 'AccessDenied',
      message: expect.stringContaining('allow kms:Decrypt'),
    });
  });
});
