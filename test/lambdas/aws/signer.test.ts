import type { KMSClient } from '@aws-sdk/client-kms';
import { describe, expect, it } from 'vitest';
import { kmsSigner } from '../../../lambdas/aws/signer.ts';
import { fakeClient, serviceError } from '../../support/fake-client.ts';

const arn = 'arn:aws:kms:eu-central-1:123456789012:key/s';

describe('the signer in AWS', () => {
  it('has KMS sign, and tells which key did', async () => {
    const { client, calls } = fakeClient<KMSClient>({
      Sign: { KeyId: arn, Signature: Buffer.from('signed') },
      GetPublicKey: { KeyId: arn, PublicKey: Buffer.from('public') },
    });
    const signer = kmsSigner(client, 'alias/tributary-signing');
    expect(await signer.sign('text')).toEqual({ key: arn, value: 'c2lnbmVk' });
    expect(await signer.publicKey()).toEqual({ key: arn, spki: Buffer.from('public') });
    expect(calls).toEqual([
      {
        command: 'Sign',
        input: {
          KeyId: 'alias/tributary-signing',
          Message: Buffer.from('text'),
          MessageType: 'RAW',
          SigningAlgorithm: 'ECDSA_SHA_256',
        },
      },
      { command: 'GetPublicKey', input: { KeyId: 'alias/tributary-signing' } },
    ]);
  });

  it('names the permission that is missing', async () => {
    const { client } = fakeClient<KMSClient>({
      Sign: serviceError('AccessDeniedException', 400),
      GetPublicKey: serviceError('AccessDeniedException', 400),
    });
    const signer = kmsSigner(client, arn);
    await expect(signer.sign('text')).rejects.toMatchObject({
      code: 'AccessDenied',
      message: expect.stringContaining('allow kms:Sign'),
    });
    await expect(signer.publicKey()).rejects.toMatchObject({
      code: 'AccessDenied',
      message: expect.stringContaining('allow kms:GetPublicKey'),
    });
  });
});
