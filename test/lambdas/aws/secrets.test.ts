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

describe('a change of the secret', () => {
  const SecretId = 'tributary/crm-9261ceef';
  const update = (SecretString: string) => {
    const { client, calls } = fakeClient<SecretsManagerClient>({
      GetSecretValue: { SecretString },
      PutSecretValue: {},
    });
    const secrets = secretsManagerSecrets(client);
    return { calls, result: secrets.update('crm', { refreshToken: 'r-2' }, { refreshToken: 'r-1' }) };
  };

  it('keeps its other members', async () => {
    const { result, calls } = update('{"clientId":"c","refreshToken":"r-1"}');
    await result;
    expect(calls).toEqual([
      { command: 'GetSecretValue', input: { SecretId } },
      {
        command: 'PutSecretValue',
        input: { SecretId, SecretString: '{"clientId":"c","refreshToken":"r-2"}' },
      },
    ]);
  });

  it('is not made twice', async () => {
    const { result, calls } = update('{"clientId":"c","refreshToken":"r-2"}');
    await result;
    expect(calls).toHaveLength(1);
  });

  it.each(['{"refreshToken":"r-0"}', '{}'])('is not made to %s, which is another by now', async (secret) => {
    const { result, calls } = update(secret);
    await expect(result).rejects.toMatchObject({ code: 'StateConflict' });
    expect(calls).toHaveLength(1);
  });
});

describe('a look at the secret', () => {
  it.each([
    ['its credentials', { SecretString: '{"apiKey":"k"}' }, { apiKey: 'k' }],
    [
      'none yet',
      serviceError(
        'ResourceNotFoundException',
        400,
        "Secrets Manager can't find the specified secret value for staging label: AWSCURRENT",
      ),
      undefined,
    ],
  ])('shows %s', async (_, answer, expected) => {
    const { client } = fakeClient<SecretsManagerClient>({ GetSecretValue: answer });
    expect(await secretsManagerSecrets(client).look('crm')).toEqual(expected);
  });

  it('tells a secret that is not deployed', async () => {
    const { client } = fakeClient<SecretsManagerClient>({
      GetSecretValue: serviceError(
        'ResourceNotFoundException',
        400,
        "Secrets Manager can't find the specified secret.",
      ),
    });
    await expect(secretsManagerSecrets(client).look('crm')).rejects.toMatchObject({
      code: 'ResourceNotFoundError',
    });
  });
});
