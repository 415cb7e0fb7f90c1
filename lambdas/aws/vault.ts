import { DecryptCommand, GenerateDataKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import { TributaryError } from '../../core/errors.ts';
import type { Vault } from '../../core/ports.ts';
import { decrypt, encrypt } from '../../engine/credentials/envelope.ts';
import { awsCall, isAwsError } from './errors.ts';

export { KMSClient };

/**
 * Envelope encryption: every text gets a data key of its own, as texts may be larger than the 4 KB that KMS itself encrypts
 * (https://docs.aws.amazon.com/kms/latest/APIReference/API_Encrypt.html). The connection is the encryption context, so that
 * CloudTrail shows whose token is read, and nothing opens another one's.
 *
 * @param key id, ARN or alias of the KMS key
 */
export function kmsVault(client: KMSClient, key: string): Vault {
  const context = (about: string) => ({ 'tributary:connection': about });
  return {
    async seal(text, about) {
      const { Plaintext, CiphertextBlob } = await awsCall('kms:GenerateDataKey', key, () =>
        client.send(
          new GenerateDataKeyCommand({ KeyId: key, KeySpec: 'AES_256', EncryptionContext: context(about) }),
        ),
      );
      if (!Plaintext || !CiphertextBlob)
        throw new TributaryError('StorageUnavailable', 'KMS gave no data key', { at: key });
      return `${Buffer.from(CiphertextBlob).toString('base64')}.${encrypt(Plaintext, text, about)}`;
    },

    async open(sealed, about) {
      const [wrapped = '', body = ''] = sealed.split('.');
      try {
        const { Plaintext } = await client.send(
          new DecryptCommand({
            CiphertextBlob: Buffer.from(wrapped, 'base64'),
            EncryptionContext: context(about),
          }),
        );
        return Plaintext && decrypt(Plaintext, body, about);
      } catch (error) {
        const isGone = isAwsError(
          error,
          'InvalidCiphertextException',
          'NotFoundException',
          'KMSInvalidStateException',
        );
        if (isGone) return undefined;
        return awsCall('kms:Decrypt', key, () => Promise.reject(error));
      }
    },
  };
}
