/** The ports over a folder: what a run needs on one machine. */

import { randomUUID } from 'node:crypto';
import * as fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { type ConnectionDefinition, readConnection } from '../core/connection.ts';
import type { LoadedConnector } from '../core/connector/index.ts';
import { TributaryError } from '../core/errors.ts';
import type { FlowDefinition } from '../core/flow/definition.ts';
import type { Clock, Http, Log, Secrets } from '../core/ports.ts';
import { destinationOf } from '../engine/destination-of.ts';
import { nodeHttp } from '../engine/http/node-http.ts';
import type { EnginePorts, Home, Progress } from '../engine/ports.ts';
import { sourceOf } from '../engine/source-of.ts';
import { localCatalog } from './catalog.ts';
import { localExecutions } from './executions.ts';
import { errnoOf } from './files.ts';
import { bucketFolder, localObjectStore } from './object-store.ts';
import { localEventSink, localMetricSink, stderrLog } from './reports.ts';
import { localSecrets, localVault, secretFiles } from './secrets.ts';
import { localSigner } from './signer.ts';
import { localStateStore } from './state-store.ts';

export interface LocalHomeOptions {
  /** The folder. Default `.tributary`. */
  readonly home?: string;
  /** Bucket name → folder. */
  readonly mounts?: Readonly<Record<string, string>>;
  /** Folders with connection files, looked through in this order. */
  readonly connectionFolders?: readonly string[];
  /** Default: warnings and errors to stderr. */
  readonly log?: Log;
  readonly clock?: WakeableClock;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Default: the network. */
  readonly http?: Http;
  /** Default: the environment and the files of the home. */
  readonly secrets?: Secrets;
  /** Loads a connector by name; the registry's. */
  loadConnector(name: string): Promise<LoadedConnector | undefined>;
}

/** A clock whose sleep may be ended early. */
export interface WakeableClock extends Clock {
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
}

export const systemClock: WakeableClock = {
  now: () => Date.now(),
  sleep: (milliseconds, signal) =>
    setTimeout(milliseconds, undefined, { signal }).catch((error: unknown) => {
      if (!signal?.aborted) throw error;
    }),
};

/** A state bucket that is the home itself: run papers lie in `<home>/runs`, segments in `<home>/segments`. */
const stateBucket = 'tributary-state-local';

/** Ports that outlive a step. */
export type LocalHome = Omit<EnginePorts, 'deadline' | 'attemptId' | 'onProgress' | 'loadFlow' | 'clock'> & {
  readonly folder: string;
  readonly clock: WakeableClock;
  /** The file of an object. */
  fileOf(bucket: string, key: string): string;
  /** The ports of one invocation of a step. */
  forStep(flow: FlowDefinition, onProgress?: (progress: Progress) => void): EnginePorts;
};

export function localHome(options: LocalHomeOptions): LocalHome {
  const folder = path.resolve(options.home ?? '.tributary');
  const clock = options.clock ?? systemClock;
  const log = options.log ?? stderrLog('warn');
  const env = options.env ?? process.env;
  const home: Home = {
    stateBucket,
    accountId: '000000000000',
    region: 'local',
    createdBy: `arn:aws:iam::000000000000:user/${os.userInfo().username}`,
  };
  const mounts = { ...options.mounts, [stateBucket]: folder };
  const loadConnection = (name: string): Promise<ConnectionDefinition> =>
    findConnection(name, options.connectionFolders ?? ['connections']);
  const ports: Omit<LocalHome, 'forStep'> = {
    folder,
    fileOf: (bucket, key) => path.join(bucketFolder(folder, mounts, bucket), key),
    home,
    objects: localObjectStore({ home: folder, mounts }),
    state: localStateStore(folder, clock),
    catalog: localCatalog(folder),
    events: localEventSink(folder, home, clock),
    metrics: localMetricSink(folder, clock),
    executions: localExecutions,
    http: options.http ?? nodeHttp(),
    secrets: options.secrets ?? localSecrets(secretFiles(folder), loadConnection, env),
    vault: localVault(folder),
    signer: localSigner(folder),
    clock,
    log,
    loadConnection,
    loadSource: async (connector) => sourceOf(await load(connector, options.loadConnector)),
    loadDestination: async (connector) => destinationOf(await load(connector, options.loadConnector)),
  };
  return {
    ...ports,
    forStep: (flow, onProgress) => ({
      ...ports,
      loadFlow: () => Promise.resolve(flow),
      // As long as a Lambda function has.
      deadline: clock.now() + 15 * 60_000,
      attemptId: randomUUID().slice(0, 8),
      ...(onProgress && { onProgress }),
    }),
  };
}

async function load(connector: string, find: LocalHomeOptions['loadConnector']): Promise<LoadedConnector> {
  const loaded = await find(connector);
  if (loaded) return loaded;
  throw new TributaryError('NotRunnable', 'there is no such connector in this version', {
    got: connector,
  });
}

/**
 * The connection of that name: a file `<name>.{json,yaml,yml}` in one of the folders.
 *
 * @throws ConnectionInvalid; InvalidArgument for a name that would lead out of the folders
 */
export async function findConnection(
  name: string,
  folders: readonly string[],
): Promise<ConnectionDefinition> {
  if (name.split('/').includes('..')) {
    throw new TributaryError('InvalidArgument', 'the name of a connection leads out of its folder', {
      got: name,
      expected: "a name without '..'",
    });
  }
  for (const folder of folders) {
    for (const extension of ['yaml', 'yml', 'json']) {
      const file = path.join(folder, `${name}.${extension}`);
      const text = await fs.readFile(file, 'utf8').catch((error: unknown) => {
        if (errnoOf(error) === 'ENOENT') return undefined;
        throw error;
      });
      if (text !== undefined) return readConnection(text, file);
    }
  }
  throw new TributaryError('ConnectionInvalid', 'there is no such connection', {
    at: `connectorProfileName ${name}`,
    expected: `a file ${name}.yaml or ${name}.json in ${folders.join(' or ')}`,
  });
}
