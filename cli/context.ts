/** What the commands have in common: their options, the flow files, the connections. */

import * as fs from 'node:fs/promises';
import path from 'node:path';
import {
  connectorNames,
  destinationConnectors,
  jobConnectors,
  loadConnector,
} from '../connectors/registry.ts';
import type { ConnectionDefinition } from '../core/connection.ts';
import type { LoadConnector, LoadedConnector } from '../core/connector/loaded.ts';
import { judgeWithCustom } from '../core/custom-connector/judge-with-custom.ts';
import { TributaryError } from '../core/errors.ts';
import type { FlowDefinition } from '../core/flow/definition.ts';
import { didYouMean } from '../core/flow/finding.ts';
import { readFlow } from '../core/flow/read.ts';
import type { Supports } from '../core/flow/runnable.ts';
import type { Log } from '../core/ports.ts';
import {
  customConnectorFolders,
  listRegistrations,
  localCustomConnectors,
} from '../local/custom-connectors.ts';
import { errnoOf } from '../local/files.ts';
import { findConnection, type LocalHome, localHome } from '../local/home.ts';
import type { Shell } from './shell.ts';

export interface CommonOptions {
  readonly home?: string;
  readonly mount?: readonly string[];
  readonly connections?: string;
}

/** What this version can do. */
export const supports: Supports = {
  sources: new Set(connectorNames),
  destinations: new Set(['S3', ...destinationConnectors]),
  asyncSources: new Set(jobConnectors),
  features: new Set(['metadataCatalog']),
};

/** Connectors of the registry, and custom ones that are registered beside the connections. */
export function connectorLoader(folders: readonly string[], { env }: Pick<Shell, 'env'>): LoadConnector {
  const custom = localCustomConnectors(customConnectorFolders(folders), env);
  return async (name) => (await loadConnector(name)) ?? (await custom(name));
}

/** @throws NotRunnable, with the names that there are */
export async function expectConnector(
  name: string,
  load: LoadConnector = loadConnector,
): Promise<LoadedConnector> {
  const loaded = await load(name);
  if (loaded) return loaded;
  throw new TributaryError('NotRunnable', 'this version has no such connector', {
    got: name,
    expected: `one of ${connectorNames.join(', ')}`,
    fix: didYouMean(name, connectorNames) ?? 'mend the name',
  });
}

export async function readTextFile(file: string): Promise<string> {
  try {
    return await fs.readFile(file, 'utf8');
  } catch (error) {
    const code = errnoOf(error);
    if (code === undefined) throw error;
    throw new TributaryError(
      'InvalidArgument',
      code === 'ENOENT' ? 'there is no such file' : `the file cannot be read (${code})`,
      {
        at: file,
      },
    );
  }
}

export async function readFlowFile(file: string): Promise<FlowDefinition> {
  return readFlow(await readTextFile(file), file);
}

/** Folders in which a flow's connections are looked for: as told, else `connections` here and beside the flow. */
export function connectionFolders(options: CommonOptions, flowFile?: string): string[] {
  if (options.connections) return [options.connections];
  const beside = flowFile
    ? [
        path.join(path.dirname(flowFile), '..', 'connections'),
        path.join(path.dirname(flowFile), 'connections'),
      ]
    : [];
  return ['connections', ...beside];
}

/** @param note says something on stderr; the log's warnings go there */
export function openHome(
  options: CommonOptions,
  { clock, env }: Pick<Shell, 'clock' | 'env'>,
  note: (text: string) => void,
  flowFile?: string,
): LocalHome {
  const folders = connectionFolders(options, flowFile);
  return localHome({
    ...(options.home && { home: options.home }),
    mounts: readMounts(options.mount ?? []),
    connectionFolders: folders,
    clock,
    env,
    log: warnings(note),
    loadConnector: connectorLoader(folders, { env }),
  });
}

/** Warnings in plain words. Errors are the command's own to tell. */
function warnings(note: (text: string) => void): Log {
  return {
    info: () => undefined,
    warn(message, fields = {}) {
      const told = Object.entries(fields).filter(
        ([name, value]) => name !== 'flowName' && value !== undefined,
      );
      const more = told.map(([name, value]) => `${name} ${value}`).join(', ');
      note(more ? `warning: ${message} (${more})` : `warning: ${message}`);
    },
    error: () => undefined,
  };
}

/** @throws InvalidArgument */
export function readMounts(mounts: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    mounts.map((mount) => {
      const [bucket, folder] = [mount.slice(0, mount.indexOf('=')), mount.slice(mount.indexOf('=') + 1)];
      if (!mount.includes('=') || !bucket || !folder) {
        throw new TributaryError('InvalidArgument', 'not a mount', {
          got: mount,
          expected: '--mount BUCKET=FOLDER',
        });
      }
      return [bucket, path.resolve(folder)];
    }),
  );
}

/** All that keeps a flow from running in this version. */
export async function judge(flow: FlowDefinition, folders: readonly string[]): Promise<string[]> {
  const [target] = flow.destinationFlowConfigList;
  const source = await connectionToJudge(flow.sourceFlowConfig, folders);
  const destination = target && (await connectionToJudge(target, folders));
  const registrations = await listRegistrations(customConnectorFolders(folders));
  return judgeWithCustom(
    flow,
    supports,
    { source, destination },
    registrations.map(({ registration }) => registration),
  );
}

/** Which connector a CustomConnector is, its connection says. */
async function connectionToJudge(
  config: Pick<FlowDefinition['sourceFlowConfig'], 'connectorType' | 'connectorProfileName'>,
  folders: readonly string[],
): Promise<ConnectionDefinition | undefined> {
  const { connectorType, connectorProfileName: name } = config;
  return connectorType === 'CustomConnector' && name ? findConnection(name, folders) : undefined;
}

/** @throws NotRunnable naming everything at once */
export async function refuseNotRunnable(flow: FlowDefinition, folders: readonly string[]): Promise<void> {
  const found = await judge(flow, folders);
  if (found.length === 0) return;
  throw new TributaryError(
    'NotRunnable',
    [
      'this version cannot run the flow:',
      ...found.map((what) => `  not runnable in this version: ${what}`),
    ].join('\n'),
    { flowName: flow.flowName },
  );
}

/** A flow's name, given as such or by its file. */
export async function flowNameOf(flow: string): Promise<string> {
  return isFile(flow) ? (await readFlowFile(flow)).flowName : flow;
}

export function isFile(flow: string): boolean {
  return /\.(json|ya?ml)$/.test(flow);
}

/** @throws InvalidArgument */
export function wholeNumber(option: string, text: string): number {
  if (/^[1-9]\d{0,14}$/.test(text)) return Number(text);
  throw new TributaryError('InvalidArgument', `${option} takes a number`, {
    got: text,
    expected: 'a whole number from 1 on',
  });
}
