/**
 * Secrets Manager's GetSecretValue for the processes of custom connectors, on this machine's loopback: what AWS's SDKs ask
 * where AWS_ENDPOINT_URL_SECRETS_MANAGER says so. It knows only what it was given, and answers only those who know its address,
 * which holds a token.
 */

import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

export interface SecretServer {
  /** For AWS_ENDPOINT_URL_SECRETS_MANAGER. */
  readonly url: string;
  /** Lets a secret be read; a later value replaces an earlier one. @returns its ARN */
  put(name: string, value: Readonly<Record<string, string>>): string;
}

/** Keeps no process alive. */
export async function secretServer(): Promise<SecretServer> {
  const secrets = new Map<string, string>();
  const path = `/${randomBytes(24).toString('base64url')}`;
  const server = http.createServer(async (request, response) => {
    const answer = (status: number, body: object): void => {
      response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' });
      response.end(JSON.stringify(body));
    };
    if (request.url?.replace(/\/$/, '') !== path) return answer(403, refusal('AccessDeniedException'));
    if (request.headers['x-amz-target'] !== 'secretsmanager.GetSecretValue')
      return answer(400, refusal('UnknownOperationException'));
    const id = secretIdOf(await text(request).catch(() => ''));
    const arn = [...secrets.keys()].find((known) => id === known || nameOf(known) === id);
    const value = secrets.get(arn ?? '');
    if (arn === undefined || value === undefined)
      return answer(400, refusal('ResourceNotFoundException', "Secrets Manager can't find the secret."));
    return answer(200, {
      ARN: arn,
      Name: nameOf(arn),
      SecretString: value,
      VersionId: '00000000-0000-4000-8000-000000000000',
      VersionStages: ['AWSCURRENT'],
    });
  });
  server.listen(0, '127.0.0.1').unref();
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`,
    put(name, value) {
      const arn = `${prefix}${name}${suffix}`;
      secrets.set(arn, JSON.stringify(value));
      return arn;
    },
  };
}

const prefix = 'arn:aws:secretsmanager:us-east-1:000000000000:secret:';
/** Secrets Manager adds a dash and six characters to a name. */
const suffix = '-local0';

function nameOf(arn: string): string {
  return arn.slice(prefix.length, -suffix.length);
}

function secretIdOf(body: string): unknown {
  try {
    return (JSON.parse(body) as { SecretId?: unknown }).SecretId;
  } catch {
    return undefined;
  }
}

function refusal(type: string, message = type): object {
  return { __type: type, message };
}
