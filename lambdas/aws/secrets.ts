import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import * as z from 'zod';
import { TributaryError } from '../../core/errors.ts';
import { secretName } from '../../core/physical-name.ts';
import type { Secrets } from '../../core/ports.ts';
import { awsError, isAwsError } from './errors.ts';

const credentials = z.record(z.string(), z.string());

export { SecretsManagerClient };

/** One secret per connection: a JSON object of strings. */
export function secretsManagerSecrets(client: SecretsManagerClient): Secrets {
  return {
    async read(connectorProfileName) {
      const name = secretName(connectorProfileName);
      const at = `connection ${connectorProfileName}, secret ${name}`;
      const fix = `put the credentials there: aws secretsmanager put-secret-value --secret-id ${name} --secret-string file://credentials.json`;
      try {
        const { SecretString = '' } = await client.send(new GetSecretValueCommand({ SecretId: name }));
        const { data } = credentials.safeParse(parsed(SecretString));
        if (data && Object.keys(data).length > 0) return data;
      } catch (error) {
        if (!isAwsError(error, 'ResourceNotFoundException'))
          throw awsError(error, 'secretsmanager:GetSecretValue', at);
      }
      // No cause and no `got`: what the secret holds instead may still be secret.
      throw new TributaryError('InvalidCredentials', 'the secret holds no credentials', {
        at,
        expected: 'a JSON object of texts',
        fix,
      });
    },
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
