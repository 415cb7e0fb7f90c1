import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { describe, expect, it } from 'vitest';
import { secretsManagerSecrets } from '../../../lambdas/aws/secrets.ts';
import { fakeClient, serviceError } from '../../support/fake-client.ts';

const read = (answer: object | Error) => {
  const { client, calls } = fakeClient<SecretsManagerClient>({ GetSecretValue: answer });
  return { result: secretsManagerSecrets(client).read('crm'), calls };
};

describe('secrets', () => {
  it('reads the secret of the connection by its fixed name', async () => {
    const { result, calls } = read({ SecretString: '{"apiKey":"k"}' });
    expect(await result).toEqual({ apiKey: 'k' });
    expect(calls[0]?.input).toEqual({ SecretId: 'tributary/crm-9261ceef' });
  });

  it.each([
    ['no value yet', serviceError('ResourceNotFoundException', 400)],
    ['an empty object', { SecretString: '{}' }],
    ['text that is no JSON', { SecretString: 'hunter2' }],
    ['members that are no texts', { SecretString: '{"password":{"value":"hunter2"}}' }],
  ])('says what to do about %s, and not what it holds', async (_, answer) => {
    const error = await read(answer).result.then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error).toMatchObject({
      code: 'InvalidCredentials',
      message: expect.stringContaining(
        'aws secretsmanager put-secret-value --secret-id tributary/crm-9261ceef',
      ),
    });
    expect(JSON.stringify(error) + String(error)).not.toContain('hunter2');
    expect((error as Error).cause).toBeUndefined();
  });
});
