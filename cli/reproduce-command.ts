import { generateKeyPairSync } from 'node:crypto';
import * as fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { loadConnector } from '../connectors/registry.ts';
import { TributaryError } from '../core/errors.ts';
import type { RecordedExchange } from '../core/exchange.ts';
import type { FlowDefinition } from '../core/flow/definition.ts';
import { destinationProperties } from '../core/flow/describe.ts';
import type { Http, HttpRequest, HttpResponse } from '../core/ports.ts';
import { localHome } from '../local/home.ts';
import { runFlow } from '../local/run-flow.ts';
import { readFlowFile, readTextFile, refuseNotRunnable } from './context.ts';
import type { BundleIndex } from './failure-bundle.ts';
import { json } from './output.ts';
import type { Shell } from './shell.ts';

/** `tributary reproduce DIR`: meets the failure of a bundle again. 0 if it is the same, 1 if not. */
export async function reproduceCommand(
  folder: string,
  options: { readonly json?: boolean },
  { terminal, clock }: Shell,
): Promise<number> {
  const index = JSON.parse(await readTextFile(path.join(folder, 'bundle.json'))) as BundleIndex;
  const flow = await readFlowFile(path.join(folder, 'flow.json'));
  const home = await fs.mkdtemp(path.join(os.tmpdir(), 'tributary-reproduce-'));
  try {
    const got = await errorOf(flow, folder, home, index, clock);
    const reproduced = got?.code === index.code;
    if (options.json) terminal.out(json({ reproduced, expected: index.code, got: got ?? null }));
    else {
      const what = got ? `${got.code}: ${got.message}` : 'the run succeeded';
      terminal.out(reproduced ? `reproduced: ${what}` : `not reproduced: expected ${index.code}; ${what}`);
    }
    return reproduced ? 0 : 1;
  } finally {
    await fs.rm(home, { recursive: true, force: true });
  }
}

async function errorOf(
  flow: FlowDefinition,
  folder: string,
  home: string,
  { parameters, buckets, exchange }: BundleIndex,
  clock: Shell['clock'],
): Promise<{ readonly code: string; readonly message: string } | undefined> {
  const connectionFolders = [path.join(folder, 'connections')];
  const mounts = Object.fromEntries(buckets.map((bucket) => [bucket, path.resolve(folder, 's3', bucket)]));
  for (const bucket of destinationBuckets(flow))
    await fs.mkdir(path.join(home, 's3', bucket), { recursive: true });
  const ports = localHome({
    home,
    mounts,
    connectionFolders,
    clock: hurrying(clock),
    http: replayed(exchange),
    secrets: { read: async () => placeholders(), update: async () => undefined },
    log: { info: () => undefined, warn: () => undefined, error: () => undefined },
    loadConnector,
  });
  try {
    await refuseNotRunnable(flow, connectionFolders);
  } catch (error) {
    if (error instanceof TributaryError) return { code: error.code, message: error.message };
    throw error;
  }
  const { error } = await runFlow(flow, ports, { input: { parameters: given(parameters) } });
  return error ?? undefined;
}

function given({ full, dryRun, replayOf: _, ...rest }: BundleIndex['parameters']) {
  return { ...rest, ...(full && { full: true as const }), ...(dryRun && { dryRun: true as const }) };
}

function destinationBuckets(flow: FlowDefinition): string[] {
  const names = [destinationProperties(flow).bucketName, flow.tributary?.errorHandlingConfig?.bucketName];
  return names.filter((name): name is string => typeof name === 'string');
}

/** Credentials of any scheme, good for nothing: no request leaves. */
function placeholders(): Record<string, string> {
  const { privateKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  const names = ['clientId', 'clientSecret', 'refreshToken', 'accessToken', 'apiKey', 'username', 'password'];
  return { ...Object.fromEntries(names.map((name) => [name, 'placeholder'])), privateKey };
}

/** Waits that the vendor asked for are not waited again. */
function hurrying({ now }: Shell['clock']): Shell['clock'] {
  let ahead = 0;
  return {
    now: () => now() + ahead,
    async sleep(milliseconds) {
      ahead += milliseconds;
    },
  };
}

/** A run that is put off by a vendor's answer would be put off for ever. */
const mostRequests = 10_000;

/** Token endpoints give a token; everything else answers as the vendor did. */
function replayed(exchange: RecordedExchange | null | undefined): Http {
  let requests = 0;
  const send = async ({ method, url, body = '' }: HttpRequest): Promise<HttpResponse> => {
    const isTokenRequest = method === 'POST' && String(body).includes('grant_type=');
    if (isTokenRequest) {
      const token = { access_token: 'placeholder', expires_in: 3600 };
      return {
        status: 200,
        headers: { 'content-type': 'application/json' },
        body: Buffer.from(JSON.stringify(token)),
      };
    }
    if (++requests > mostRequests)
      throw new TributaryError('RequestTimeout', 'the answer is asked for again and again');
    if (exchange)
      return { status: exchange.status, headers: exchange.headers, body: Buffer.from(exchange.body) };
    throw new TributaryError('ConnectorUnreachable', 'no request leaves this machine here', {
      at: new URL(url).host,
    });
  };
  return { send, download: send };
}
