/**
 * What somebody else needs to meet a failure again: a folder with the definition, the connection without its secrets, the
 * run's record, the vendor's answer in its form, and a stand-in for the object that could not be read.
 */

import * as fs from 'node:fs/promises';
import path from 'node:path';
import { type ConnectionDefinition, looksSecret } from '../core/connection.ts';
import { TributaryError } from '../core/errors.ts';
import type { FlowDefinition } from '../core/flow/definition.ts';
import { sourceProperties } from '../core/flow/describe.ts';
import type { ObjectInfo } from '../core/ports.ts';
import type { Explanation } from '../engine/run/explain.ts';
import type { Failure } from '../engine/run/failure.ts';
import type { Run } from '../engine/run/run.ts';
import type { RunDefinition } from '../engine/run/run-definition.ts';
import { version } from '../engine/version.ts';
import { fileError } from '../local/files.ts';
import type { Backend } from './backend.ts';
import type { BundleIndex } from './bundle-index.ts';
import { whyNotRepeatable } from './not-repeatable.ts';
import { bytesLookedAt, objectStandIn } from './object-stand-in.ts';
import { commandLine } from './output.ts';

export interface BundleOptions {
  readonly run: Run;
  /** What the run ended with. */
  readonly failure: Failure;
  readonly explanation: Explanation;
  readonly definition: RunDefinition | undefined;
  readonly backend: Pick<Backend, 'objects' | 'home'>;
  /** The object as it is instead of a stand-in. */
  readonly withData: boolean;
}

/** @returns what to say about it, a line each. @throws InvalidArgument if nothing failed or the folder is in use */
export async function writeBundle(folder: string, options: BundleOptions): Promise<string[]> {
  const { run, failure, explanation, definition } = options;
  const { failed } = explanation;
  if (!failed) {
    throw new TributaryError('InvalidArgument', 'nothing has failed that could be met again', {
      at: run.executionId,
      got: explanation.outcome,
    });
  }
  if (!definition) {
    throw new TributaryError('ResourceNotFoundError', 'the definition that the run had is kept no longer', {
      at: run.executionId,
      fix: 'run the flow again, and explain that run',
    });
  }
  const put = await emptyFolder(folder);
  const { flow, connection, destinationConnection } = definition;
  const connections = [connection, destinationConnection].filter((one) => one !== undefined);
  const object = await sourceObject(options, definition).catch((error: unknown) => {
    // It may be the bucket itself that failed the run.
    if (error instanceof TributaryError) return undefined;
    throw error;
  });
  await put('flow.json', pretty(flow));
  for (const each of connections)
    await put(`connections/${each.connectorProfileName}.json`, pretty(withoutSecrets(each)));
  await put('run.json', pretty(run));
  await put('explanation.json', pretty(explanation));
  if (object) await put(`s3/${object.bucket}/${object.key}`, object.body);
  const index: BundleIndex = {
    tributary: version,
    node: process.version,
    code: failed.code,
    ...(failure.step && { step: failure.step }),
    parameters: parametersOf(run, object !== undefined),
    buckets: object ? [object.bucket] : [],
    exchange: failure.exchange ?? null,
  };
  await put('bundle.json', pretty(index));
  const lines = contents(index, object?.isStandIn ?? false, connections.length);
  const whyNot = await whyNotRepeatable(definition, index);
  const again = whyNot === undefined ? howAgain(folder, index) : notAgain(whyNot);
  await put('README.md', readme(explanation, index, lines, again));
  return [
    `${folder}: written`,
    ...lines.map((line) => `  ${line}`),
    ...(whyNot === undefined ? [] : [`  ${notAgain(whyNot)}`]),
  ];
}

function parametersOf({ parameters, window }: Run, hasObject: boolean): BundleIndex['parameters'] {
  const { full, dryRun, limit, replayOf, from, to } = parameters;
  const kept = { ...(dryRun && { dryRun: true as const }), ...(limit !== undefined && { limit }) };
  if (replayOf !== undefined) return { ...kept, replayOf };
  // An object that is copied is of today: no window would hold it.
  if (hasObject || full) return { ...kept, full: true };
  if (window.start === undefined || window.end <= window.start)
    return { ...kept, ...(from !== undefined && { from }), ...(to !== undefined && { to }) };
  return { ...kept, from: window.start, to: window.end };
}

async function emptyFolder(folder: string): Promise<(name: string, body: string | Buffer) => Promise<void>> {
  try {
    await fs.mkdir(folder, { recursive: true });
    if ((await fs.readdir(folder)).length > 0) {
      throw new TributaryError('InvalidArgument', 'the folder is not empty', {
        at: folder,
        fix: 'name one that is not there yet',
      });
    }
  } catch (error) {
    throw fileError(error, folder);
  }
  return async (name, body) => {
    const file = path.join(folder, name);
    if (!path.resolve(file).startsWith(`${path.resolve(folder)}${path.sep}`)) {
      throw new TributaryError('InvalidArgument', 'an object key that a folder cannot hold', { got: name });
    }
    await fs.mkdir(path.dirname(file), { recursive: true });
    await fs.writeFile(file, body);
  };
}

const pretty = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

function withoutSecrets({ credentials: _, ...connection }: ConnectionDefinition): ConnectionDefinition {
  const properties = Object.entries(connection.connectorProfileProperties ?? {});
  return {
    ...connection,
    connectorProfileProperties: Object.fromEntries(
      properties.filter(([name, value]) => !looksSecret(name, value)),
    ),
  };
}

interface BundledObject {
  readonly bucket: string;
  readonly key: string;
  readonly body: Buffer;
  readonly isStandIn: boolean;
}

/** The object that failed; of a flow that failed before it read any, the first that it would have. */
async function sourceObject(
  { explanation, backend, withData }: BundleOptions,
  { flow }: RunDefinition,
): Promise<BundledObject | undefined> {
  if (flow.sourceFlowConfig.connectorType !== 'S3') return undefined;
  const { bucketName, bucketPrefix = '', s3InputFormatConfig } = sourceProperties(flow);
  const bucket = String(bucketName);
  const [, place, named, line] =
    /^s3:\/\/([^/]+)\/(.+?)(?: line (\d+).*)?$/s.exec(explanation.failed?.at ?? '') ?? [];
  const told = place === bucket ? named : undefined;
  const info = await look(backend, bucket, told, String(bucketPrefix));
  if (!info) return undefined;
  const { key, size } = info;
  const end = withData ? size : Math.min(size, bytesLookedAt);
  const bytes = Buffer.from(
    await backend.objects.read(bucket, key, end === size ? {} : { range: { start: 0, end } }),
  );
  if (withData) return { bucket, key, body: bytes, isStandIn: false };
  const { s3InputFileType = 'CSV' } = (s3InputFormatConfig ?? {}) as { s3InputFileType?: 'CSV' | 'JSON' };
  const body = objectStandIn(bytes, {
    fileType: s3InputFileType,
    ...(told !== undefined && line !== undefined && { line: Number(line) }),
    fields: fieldsOf(flow),
    isCutOff: explanation.cause?.name === 'gzipBroken',
  });
  return body && { bucket, key, body, isStandIn: true };
}

async function look(
  { objects }: Pick<Backend, 'objects'>,
  bucket: string,
  key: string | undefined,
  prefix: string,
): Promise<Pick<ObjectInfo, 'key' | 'size'> | undefined> {
  const found = key === undefined ? undefined : await objects.head(bucket, key);
  if (found && key !== undefined) return { key, size: found.size };
  for await (const info of objects.list(bucket, prefix)) if (info.size > 0) return info;
  return undefined;
}

function fieldsOf({ tasks }: FlowDefinition): Set<string> {
  const names = tasks.flatMap(({ sourceFields }) => sourceFields ?? []);
  return new Set(names.flatMap((name) => [name, ...name.split('.')]));
}

function contents({ exchange, buckets }: BundleIndex, isStandIn: boolean, connections: number): string[] {
  return [
    'flow.json: the definition that the run had',
    ...(connections > 0 ? ['connections/: the settings of the connections, without credentials'] : []),
    'run.json, explanation.json: what is known of the failure',
    ...(exchange
      ? [
          "bundle.json: the vendor's answer; letters and digits of its values are replaced, its words about the error are not",
        ]
      : []),
    ...(buckets.length > 0
      ? [
          isStandIn
            ? 's3/: a stand-in for the object that was read: 20 lines at most, letters and digits replaced'
            : 's3/: the object that was read, as it is',
        ]
      : []),
  ];
}

function howAgain(folder: string, { code }: BundleIndex): string {
  return `## Again

    ${commandLine('reproduce', path.basename(folder))}

runs the flow in a new home with what is in this folder, and says whether it ends with ${code}. No request leaves the machine: the vendor's answer is
the one that is kept here, or there is none. What a network, an AWS account or a killed process did cannot be met again so.`;
}

const notAgain = (why: string): string => `This failure cannot be met again: ${why}.`;

function readme(
  explanation: Explanation,
  { code, tributary }: BundleIndex,
  lines: readonly string[],
  again: string,
): string {
  const { flowName, executionId, outcome, failed, cause, fix } = explanation;
  return `# ${flowName}: ${code}

${outcome} Run ${executionId}, Tributary ${tributary}.

    ${failed?.message.replaceAll('\n', '\n    ')}

${cause?.text ?? ''} ${fix ? `To do: ${fix}` : ''}

${again}

## Here

${lines.map((line) => `- ${line}`).join('\n')}

The definition with its values, names of buckets and keys, and what the error says are as they were. Look through the files before you hand them on.
`;
}
