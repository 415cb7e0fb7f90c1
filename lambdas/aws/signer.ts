import { GetPublicKeyCommand, KMSClient, SignCommand } from '@aws-sdk/client-kms';
import { TributaryError } from '../../core/errors.ts';
import type { Signer } from '../../core/ports.ts';
import { awsCall } from './errors.ts';

export { KMSClient };

/**
 * Signs inside KMS: the private key never leaves it.
 * https://docs.aws.amazon.com/kms/latest/APIReference/API_Sign.html
 *
 * @param key id, ARN or alias of a key with the spec ECC_NIST_P256
 */
export function kmsSigner(client: KMSClient, key: string): Signer {
  const missing = (what: string): TributaryError =>
    new TributaryError('StorageUnavailable', `KMS gave no ${what}`, { at: key });
  return {
    async sign(text) {
      const { KeyId, Signature } = await awsCall('kms:Sign', key, () =>
        client.send(
          new SignCommand({
            KeyId: key,
            Message: Buffer.from(text),
            MessageType: 'RAW',
            SigningAlgorithm: 'ECDSA_SHA_256',
          }),
        ),
      );
      if (!KeyId || !Signature) throw missing('signature');
      return { key: KeyId, value: Buffer.from(Signature).toString('base64') };
    },

    async publicKey() {
      const { KeyId, PublicKey } = await awsCall('kms:GetPublicKey', key, () =>
        client.send(new GetPublicKeyCommand({ KeyId: key })),
      );
      if (!KeyId || !PublicKey) throw missing('public key');
      return { key: KeyId, spki: PublicKey };
    },
  };
}
