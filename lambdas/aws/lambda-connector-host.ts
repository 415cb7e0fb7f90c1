import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { TributaryError } from '../../core/errors.ts';
import { answerTooLarge, type ConnectorHost } from '../../engine/custom-connector/host.ts';
import { clientConfig } from './client-config.ts';
import { awsError } from './errors.ts';
import type { AwsSecrets } from './secrets.ts';

/** Where the function of a custom connector is, and of which region. */
export function openLambda(functionArn: string): LambdaClient {
  const [, , , region = ''] = functionArn.split(':');
  // Who sends a request again decides whether it may be: to write records twice is not for a client to choose.
  return new LambdaClient({ ...clientConfig, region, maxAttempts: 1 });
}

/** A custom connector that is a Lambda function. It reads credentials from Secrets Manager, with rights of its own. */
export function lambdaConnectorHost(
  client: LambdaClient,
  functionArn: string,
  secrets: () => Promise<Pick<AwsSecrets, 'arnOf' | 'putToken'>>,
): ConnectorHost {
  return {
    async invoke(request, timeout) {
      const signal = AbortSignal.timeout(timeout);
      const { Payload, FunctionError } = await client
        .send(
          new InvokeCommand({ FunctionName: functionArn, Payload: Buffer.from(JSON.stringify(request)) }),
          { abortSignal: signal },
        )
        .catch((error: unknown) => {
          if (!signal.aborted) throw awsError(error, 'lambda:InvokeFunction', functionArn);
          throw new TributaryError('RequestTimeout', `no answer within ${timeout / 1000} s`, {
            at: functionArn,
          });
        });
      const answer: unknown = parsed(Buffer.from(Payload ?? []).toString(), functionArn);
      if (FunctionError) throw functionError(answer, functionArn);
      return answer;
    },
    secretArn: async (name) => (await secrets()).arnOf(name),
    tokenSecretArn: async (name, accessToken) => (await secrets()).putToken(name, accessToken),
  };
}

function parsed(text: string, at: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new TributaryError('ConnectorProtocol', 'the function gave no JSON', { at });
  }
}

/**
 * What went wrong inside the function: https://docs.aws.amazon.com/lambda/latest/dg/invocation-retries.html. Its message may
 * hold anything, so only the error's type is told.
 */
function functionError(answer: unknown, at: string): TributaryError {
  const { errorType, errorMessage } = { ...(answer as { errorType?: unknown; errorMessage?: unknown }) };
  const type = typeof errorType === 'string' ? errorType.slice(0, 100) : undefined;
  if (type === 'Function.ResponseSizeTooLarge') {
    return new TributaryError('ConnectorProtocol', 'the answer is larger than a function can give', {
      at,
      vendorCode: answerTooLarge,
    });
  }
  const isLate = type === 'Sandbox.Timedout' || /Task timed out after/.test(String(errorMessage));
  return new TributaryError(
    isLate ? 'RequestTimeout' : 'ServerError',
    isLate ? 'the function has used up its time' : 'the function failed without an answer',
    {
      at,
      ...(type && { vendorCode: type }),
      fix: isLate ? 'raise its timeout to 30 s or more' : 'see its log',
    },
  );
}
