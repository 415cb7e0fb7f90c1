import type { LambdaClient } from '@aws-sdk/client-lambda';
import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { describe, expect, test } from 'vitest';
import { lambdaConnectorHost } from '../../../lambdas/aws/lambda-connector-host.ts';
import { secretsManagerSecrets } from '../../../lambdas/aws/secrets.ts';
import { fakeClient, serviceError } from '../../support/fake-client.ts';

const arn = 'arn:aws:lambda:eu-west-1:123456789012:function:acme';
const noSecrets = () => Promise.reject(new Error('not asked for'));

function invoking(answer: object | Error) {
  const { client, calls } = fakeClient<LambdaClient>({ Invoke: answer });
  return { calls, answered: lambdaConnectorHost(client, arn, noSecrets).invoke({ type: 'x' }, 1_000) };
}
const payload = (value: unknown) => Buffer.from(JSON.stringify(value));

describe('a function', () => {
  test('is called with the request and gives its answer', async () => {
    const { calls, answered } = invoking({ Payload: payload({ isSuccess: true }) });
    expect(await answered).toEqual({ isSuccess: true });
    expect(calls).toEqual([
      { command: 'Invoke', input: { FunctionName: arn, Payload: payload({ type: 'x' }) } },
    ]);
  });

  test.each([
    [{ errorType: 'KeyError', errorMessage: 'apiKey abc' }, 'ServerError', 'KeyError'],
    [
      { errorType: 'Sandbox.Timedout', errorMessage: 'Task timed out after 3.00 seconds' },
      'RequestTimeout',
      'Sandbox.Timedout',
    ],
    [{ errorMessage: '2026 x Task timed out after 3.00 seconds' }, 'RequestTimeout', undefined],
    [{ errorType: 'Function.ResponseSizeTooLarge' }, 'ConnectorProtocol', 'AnswerTooLarge'],
  ])('that fails with %j is told of without its message', async (answer, code, vendorCode) => {
    const { answered } = invoking({ FunctionError: 'Unhandled', Payload: payload(answer) });
    const error = await answered.catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code, context: expect.objectContaining({ at: arn }) });
    expect((error as { context: { vendorCode?: string } }).context.vendorCode).toBe(vendorCode);
    expect(String(error)).not.toContain('abc');
  });

  test.each([
    ['AccessDeniedException', 403, 'AccessDenied'],
    ['ResourceNotFoundException', 404, 'ResourceNotFoundError'],
    ['TooManyRequestsException', 429, 'StorageUnavailable'],
  ])('that cannot be called for %s', async (name, status, code) => {
    await expect(invoking(serviceError(name, status)).answered).rejects.toMatchObject({
      code,
      message: expect.stringContaining('lambda:InvokeFunction'),
    });
  });
});

describe('credentials', () => {
  const SecretId = 'tributary/crm-9261ceef/token';
  const ARN = `arn:aws:secretsmanager:eu-west-1:123456789012:secret:${SecretId}-AbCdEf`;
  const host = (answers: Record<string, object | Error>) => {
    const { client, calls } = fakeClient<SecretsManagerClient>(answers);
    const secrets = secretsManagerSecrets(client);
    return { calls, host: lambdaConnectorHost({} as LambdaClient, arn, async () => secrets) };
  };

  test('are named by the ARN of the secret of the connection, which is not written', async () => {
    const { host: made, calls } = host({ GetSecretValue: { ARN: 'arn:secret', SecretString: '{}' } });
    expect(await made.secretArn('crm', { apiKey: 'k' })).toBe('arn:secret');
    expect(calls).toEqual([{ command: 'GetSecretValue', input: { SecretId: 'tributary/crm-9261ceef' } }]);
  });

  test('of OAuth 2 are a secret with the token, written when it is another one', async () => {
    const there = { ARN, SecretString: '{"accessToken":"t-1","refreshToken":""}' };
    const same = host({ GetSecretValue: there });
    expect(await same.host.tokenSecretArn('crm', 't-1')).toBe(ARN);
    expect(same.calls).toEqual([{ command: 'GetSecretValue', input: { SecretId } }]);
    for (const before of [there, serviceError('ResourceNotFoundException', 400)]) {
      const other = host({ GetSecretValue: before, PutSecretValue: { ARN } });
      expect(await other.host.tokenSecretArn('crm', 't-2')).toBe(ARN);
      expect(other.calls[1]).toEqual({
        command: 'PutSecretValue',
        input: { SecretId, SecretString: '{"accessToken":"t-2","refreshToken":""}' },
      });
    }
  });
});
