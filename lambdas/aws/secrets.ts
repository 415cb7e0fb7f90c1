import {
  GetSecretValueCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import * as z from 'zod';
import { TributaryError } from '../../core/errors.ts';
import { secretName, tokenSecretName } from '../../core/physical-name.ts';
import type { Secrets } from '../../core/ports.ts';
import { holds } from '../../engine/credentials/holds.ts';
import { clientConfig } from './client-config.ts';
import { awsCall, awsError, isAwsError } from './errors.ts';

const credentials = z.record(z.string(), z.string());
type Credentials = z.infer<typeof credentials>;

export { SecretsManagerClient };

/** @param region default: as the AWS SDK finds it */
export function openSecrets(region: string | undefined): AwsSecrets {
  return secretsManagerSecrets(
    new SecretsManagerClient({ ...clientConfig, ...(region !== undefined && { region }) }),
  );
}

export interface AwsSecrets extends Secrets {
  /** What the secret holds; `undefined` if it is there without credentials. @throws ResourceNotFoundError if it is not deployed */
  look(connectorProfileName: string): Promise<Readonly<Record<string, string>> | undefined>;
  /** The secret's ARN, whole. @throws ResourceNotFoundError if it is not deployed */
  arnOf(connectorProfileName: string): Promise<string>;
  /**
   * Keeps an access token where a custom connector reads it. No write if it is there already.
   *
   * @returns the ARN of that secret
   * @throws ResourceNotFoundError if it is not deployed
   */
  putToken(connectorProfileName: string, accessToken: string): Promise<string>;
  /** Replaces all that the secret holds. @throws ResourceNotFoundError if it is not deployed */
  put(connectorProfileName: string, values: Readonly<Record<string, string>>): Promise<void>;
}

/** One secret per connection: a JSON object of strings. */
export function secretsManagerSecrets(client: SecretsManagerClient): AwsSecrets {
  /** What a secret that is there holds; `undefined`: nothing that is of use. */
  async function get(name: string): Promise<Credentials | undefined> {
    const { SecretString = '' } = await client.send(new GetSecretValueCommand({ SecretId: name }));
    const { data } = credentials.safeParse(parsed(SecretString));
    return data && Object.keys(data).length > 0 ? data : undefined;
  }

  async function put(connectorProfileName: string, values: Readonly<Record<string, string>>): Promise<void> {
    const name = secretName(connectorProfileName);
    await awsCall('secretsmanager:PutSecretValue', placeOf(connectorProfileName), () =>
      client.send(new PutSecretValueCommand({ SecretId: name, SecretString: JSON.stringify(values) })),
    );
  }

  return {
    async read(connectorProfileName) {
      const name = secretName(connectorProfileName);
      const at = placeOf(connectorProfileName);
      try {
        const values = await get(name);
        if (values) return values;
      } catch (error) {
        if (!isAwsError(error, 'ResourceNotFoundException'))
          throw awsError(error, 'secretsmanager:GetSecretValue', at);
      }
      // No cause and no `got`: what the secret holds instead may still be secret.
      throw new TributaryError('InvalidCredentials', 'the secret holds no credentials', {
        at,
        expected: 'a JSON object of texts',
        fix: `put the credentials there: tributary connection edit ${connectorProfileName} --aws, or aws secretsmanager put-secret-value --secret-id ${name} --secret-string file://credentials.json`,
      });
    },

    async update(connectorProfileName, change, expected) {
      const at = placeOf(connectorProfileName);
      const values = await awsCall('secretsmanager:GetSecretValue', at, () =>
        get(secretName(connectorProfileName)),
      );
      if (values && holds(values, change)) return;
      if (!values || !holds(values, expected))
        throw new TributaryError('StateConflict', 'the secret was changed by another process', { at });
      await put(connectorProfileName, { ...values, ...change });
    },

    async look(connectorProfileName) {
      try {
        return await get(secretName(connectorProfileName));
      } catch (error) {
        // Without a value yet, which the service tells apart from a secret that is not there by its message alone.
        if (isAwsError(error, 'ResourceNotFoundException') && /staging label/.test(String(error)))
          return undefined;
        throw awsError(error, 'secretsmanager:GetSecretValue', placeOf(connectorProfileName));
      }
    },

    async arnOf(connectorProfileName) {
      const SecretId = secretName(connectorProfileName);
      const { ARN = SecretId } = await awsCall(
        'secretsmanager:GetSecretValue',
        placeOf(connectorProfileName),
        () => client.send(new GetSecretValueCommand({ SecretId })),
      );
      return ARN;
    },

    async putToken(connectorProfileName, accessToken) {
      const SecretId = tokenSecretName(connectorProfileName);
      const at = `connection ${connectorProfileName}, secret ${SecretId}`;
      // Connectors look for both keys, and use the access token alone.
      const SecretString = JSON.stringify({ accessToken, refreshToken: '' });
      const there = await client.send(new GetSecretValueCommand({ SecretId })).catch((error: unknown) => {
        // Without a value yet.
        if (isAwsError(error, 'ResourceNotFoundException')) return undefined;
        throw awsError(error, 'secretsmanager:GetSecretValue', at);
      });
      if (there?.ARN !== undefined && there.SecretString === SecretString) return there.ARN;
      const { ARN = SecretId } = await awsCall('secretsmanager:PutSecretValue', at, () =>
        client.send(new PutSecretValueCommand({ SecretId, SecretString })),
      );
      return ARN;
    },

    put,
  };
}

function placeOf(connectorProfileName: string): string {
  return `connection ${connectorProfileName}, secret ${secretName(connectorProfileName)}`;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
