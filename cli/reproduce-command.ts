import { generateKeyPairSync } from 'node:crypto';
import * as fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { loadConnector } from '../connectors/registry.ts';
import type { ConnectionDefinition } from '../core/connection.ts';
import { TributaryError } from '../core/errors.ts';
import type { RecordedExchange } from '../core/exchange.ts';
import type { FlowDefinition } from '../core/flow/definition.ts';
import { destinationConfig, destinationProperties } from '../core/flow/describe.ts';
import { errorHandlingOf } from '../core/flow/record-destination.ts';
import type { Http, HttpRequest, HttpResponse } from '../core/ports.ts';
import { errnoOf, fileError } from '../local/files.ts';
import { findConnection, localHome } from '../local/home.ts';
import { bucketFolder } from '../local/object-store.ts';
import { runFlow } from '../local/run-flow.ts';
import { type BundleIndex, readBundleIndex } from './bundle-index.ts';
import { readFlowFile, readTextFile, refuseNotRunnable } from './context.ts';
import { whyNotRepeatable } from './not-repeatable.ts';
import { json } from './output.ts';
import type { Shell } from './shell.ts';

/**
 * `tributary reproduce DIR`: meets the failure of a bundle again. 0 if it is the same, 1 if not.
 *
 * The bundle may be anybody's: nothing is read beside it, nothing is written into it, and no request leaves.
 *
 * @throws InvalidArgument for a folder that is no bundle; NotRunnable for one whose failure cannot be met again
 */
export async function reproduceCommand(
  folder: string,
  options: { readonly json?: boolean },
  { terminal, clock }: Shell,
): Promise<number> {
  const file = path.join(folder, 'bundle.json');
  const index = readBundleIndex(await readTextFile(file), file);
  const flow = await readFlowFile(path.join(folder, 'flow.json'));
  const home = await fs.mkdtemp(path.join(os.tmpdir(), 'tributary-reproduce-'));
  try {
    for (const name of ['connections', 's3']) await copyFolder(folder, name, home);
    await refuseNotRepeatable(flow, index, [path.join(home, 'connections')]);
    const got = await errorOf(flow, home, index, clock);
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
  home: string,
  { parameters, buckets, exchange }: BundleIndex,
  clock: Shell['clock'],
): Promise<{ readonly code: string; readonly message: string } | undefined> {
  const connectionFolders = [path.join(home, 'connections')];
  for (const bucket of [...buckets, ...destinationBuckets(flow)])
    await fs.mkdir(bucketFolder(home, {}, bucket), { recursive: true });
  const ports = localHome({
    home,
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
  const { error } = await runFlow(flow, ports, { input: { parameters } });
  return error ?? undefined;
}

/** What is copied is the bundle's own: a link would lead out of it. */
async function copyFolder(folder: string, name: string, home: string): Promise<void> {
  const from = path.join(folder, name);
  try {
    await fs.cp(from, path.join(home, name), { recursive: true, filter: expectOwn });
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw fileError(error, from);
  }
}

async function expectOwn(file: string): Promise<true> {
  const found = await fs.lstat(file);
  if (found.isFile() || found.isDirectory()) return true;
  throw new TributaryError('InvalidArgument', 'a bundle holds files and folders alone', {
    at: file,
    got: found.isSymbolicLink() ? 'a link' : 'something else',
  });
}

async function refuseNotRepeatable(
  flow: FlowDefinition,
  index: BundleIndex,
  folders: readonly string[],
): Promise<void> {
  const connection = await bundled(flow.sourceFlowConfig, folders);
  const destinationConnection = await bundled(destinationConfig(flow), folders);
  const why = await whyNotRepeatable(
    { flow, ...(connection && { connection }), ...(destinationConnection && { destinationConnection }) },
    index,
  );
  if (why === undefined) return;
  throw new TributaryError('NotRunnable', `this failure cannot be met again: ${why}`, {
    flowName: flow.flowName,
    fix: 'read its README.md, run.json and explanation.json',
  });
}

/** A connection of the bundle; that there is none, or none that can be read, may be the failure itself. */
async function bundled(
  { connectorProfileName: name }: Pick<FlowDefinition['sourceFlowConfig'], 'connectorProfileName'>,
  folders: readonly string[],
): Promise<ConnectionDefinition | undefined> {
  try {
    return name === undefined ? undefined : await findConnection(name, folders);
  } catch (error) {
    if (error instanceof TributaryError && error.code === 'ConnectionInvalid') return undefined;
    throw error;
  }
}

function destinationBuckets(flow: FlowDefinition): string[] {
  const names = [destinationProperties(flow).bucketName, errorHandlingOf(flow)?.bucketName];
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
