import { createReadStream } from 'node:fs';
import * as fs from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { TributaryError } from '../core/errors.ts';
import { recordDestination } from '../core/flow/record-destination.ts';
import { type Comparison, compareOutputs, isSame, type OneSided } from '../engine/compare/compare-outputs.ts';
import { type OutputFile, type OutputKind, readRecords } from '../engine/compare/read-records.ts';
import { s3Output } from '../engine/run/output.ts';
import { readPlan } from '../engine/run/plan.ts';
import { runResult } from '../engine/run/run-result.ts';
import { errnoOf, fileError } from '../local/files.ts';
import { spillFolder } from '../local/spill-folder.ts';
import type { Backend } from './backend.ts';
import { findRun } from './find-run.ts';
import { type BackendOptions, openBackend } from './open-backend.ts';
import { counted, json, table } from './output.ts';
import type { Shell } from './shell.ts';

export interface CompareOptions extends BackendOptions {
  /** `s3://bucket/prefix`, or a folder. */
  readonly with: string;
  readonly key?: readonly string[];
  readonly json?: boolean;
}

/** Of the files of both outputs; a record of a partition is some times as large in memory. */
const partitionBytes = 16 * 2 ** 20;
const mostPartitions = 512;

/** `tributary compare RUN --with OUTPUT`: 0 if both say the same, 1 if not. */
export async function compareCommand(
  executionId: string,
  options: CompareOptions,
  shell: Shell,
): Promise<number> {
  const backend = await openBackend(options, shell);
  const { data: run } = await findRun(executionId, backend);
  const { objects, reason } = await runResult(run, backend);
  if (objects.length === 0 && reason !== null) {
    throw new TributaryError('ResourceNotFoundError', reason, { flowName: run.flowName, at: executionId });
  }
  const { flow, tasks } = await readPlan(backend.objects, backend.home, run.flowName, executionId);
  if (recordDestination(flow)) {
    throw new TributaryError('InvalidArgument', 'only files can be compared', {
      flowName: flow.flowName,
      at: executionId,
      got: 'a run that writes into an application',
    });
  }
  const kind: OutputKind = { fileType: s3Output(flow).fileType, partitionFields: tasks.partitionFields };
  const ours = await Promise.all(objects.map((uri) => storedFile(uri, backend)));
  const theirs = await filesOf(options.with, backend);
  if (theirs.length === 0) {
    throw new TributaryError('ResourceNotFoundError', 'there are no files to compare with', {
      at: options.with,
      fix: "name the folder of AppFlow's run, e.g. s3://bucket/prefix/flow/schemaVersion_1/<execution id>",
    });
  }
  const size = [...ours, ...theirs].reduce((sum, file) => sum + file.size, 0);
  const folder = await fs.mkdtemp(path.join(tmpdir(), 'tributary-compare-'));
  try {
    const comparison = await compareOutputs({
      ours: recordsOf(ours, kind),
      theirs: recordsOf(theirs, kind),
      key: options.key ?? [],
      partitions: Math.min(mostPartitions, Math.ceil(size / partitionBytes) || 1),
      spills: { ours: spillFolder(folder, 'ours'), theirs: spillFolder(folder, 'theirs') },
    });
    shell.terminal.out(options.json ? json(comparison) : comparisonText(comparison, options.key ?? []));
    return isSame(comparison) ? 0 : 1;
  } finally {
    await fs.rm(folder, { recursive: true, force: true });
  }
}

async function* recordsOf(files: readonly OutputFile[], kind: OutputKind) {
  for (const file of files) yield* readRecords(file, kind);
}

// ---- files ----

function s3Place(uri: string): { bucket: string; key: string } | undefined {
  const [, bucket = '', key = ''] = /^s3:\/\/([^/]+)\/?(.*)$/.exec(uri) ?? [];
  return bucket ? { bucket, key } : undefined;
}

async function storedFile(uri: string, { objects }: Backend): Promise<OutputFile> {
  const { bucket = '', key = '' } = s3Place(uri) ?? {};
  const info = await objects.head(bucket, key);
  if (!info) {
    throw new TributaryError('ResourceNotFoundError', 'the object is there no more', { at: uri });
  }
  return objectFile(bucket, key, info.size, objects);
}

function objectFile(bucket: string, key: string, size: number, objects: Backend['objects']): OutputFile {
  return {
    name: `s3://${bucket}/${key}`,
    size,
    stream: () => objects.stream(bucket, key),
    read: (start, end) => objects.read(bucket, key, { range: { start, end } }),
  };
}

async function filesOf(place: string, { objects }: Backend): Promise<OutputFile[]> {
  const stored = s3Place(place);
  if (!stored) return folderFiles(place);
  const prefix = stored.key === '' || stored.key.endsWith('/') ? stored.key : `${stored.key}/`;
  const files: OutputFile[] = [];
  for await (const { key, size } of objects.list(stored.bucket, prefix)) {
    // Consoles make empty objects for folders.
    if (size > 0) files.push(objectFile(stored.bucket, key, size, objects));
  }
  return files;
}

async function folderFiles(folder: string): Promise<OutputFile[]> {
  const entries = await fs
    .readdir(folder, { recursive: true, withFileTypes: true })
    .catch((error: unknown) => {
      if (errnoOf(error) !== 'ENOENT') throw fileError(error, folder);
      throw new TributaryError('InvalidArgument', 'there is no such folder', { at: folder });
    });
  const names = entries
    .filter((entry) => entry.isFile() && !entry.name.startsWith('.'))
    .map((entry) => path.join(entry.parentPath, entry.name))
    .sort();
  return Promise.all(names.map(diskFile));
}

async function diskFile(name: string): Promise<OutputFile> {
  return {
    name,
    size: (await fs.stat(name)).size,
    stream: async () => createReadStream(name),
    async read(start, end) {
      const handle = await fs.open(name);
      try {
        const { buffer, bytesRead } = await handle.read(Buffer.alloc(end - start), 0, end - start, start);
        return buffer.subarray(0, bytesRead);
      } finally {
        await handle.close();
      }
    },
  };
}

// ---- text ----

function comparisonText(comparison: Comparison, key: readonly string[]): string {
  const { records, same, different, onlyOurs, onlyTheirs, differences } = comparison;
  const lines = [
    table([
      ['ours', counted(records.ours, 'record')],
      ['theirs', counted(records.theirs, 'record')],
      ['the same', counted(same, 'record')],
      ...(different > 0 ? [['different', counted(different, 'record')]] : []),
    ]),
    ...oneSided('only ours', onlyOurs),
    ...oneSided('only theirs', onlyTheirs),
    ...comparison.columnsOnlyOurs.map((column) => `column only ours: ${column}`),
    ...comparison.columnsOnlyTheirs.map((column) => `column only theirs: ${column}`),
  ];
  const section = (title: string, known: boolean): void => {
    const chosen = differences.filter(({ kind }) => (kind !== 'value') === known);
    if (chosen.length === 0) return;
    const rows = chosen.map(({ column, kind, count: times, example }) => [
      `  ${column}`,
      ...(known ? [kind] : []),
      counted(times, 'record'),
      `ours ${example.ours ?? 'nothing'}, theirs ${example.theirs ?? 'nothing'}`,
      ...(known ? [] : [`at ${example.key}`]),
    ]);
    lines.push(title, table(rows));
  };
  section('other values', false);
  section('known differences of form, not counted', true);
  if (key.length === 0 && !isSame(comparison)) {
    lines.push('with --key COLUMN, records are compared column by column');
  }
  return lines.join('\n');
}

function oneSided(title: string, { count: times, examples }: OneSided): string[] {
  return times === 0 ? [] : [`${title}: ${counted(times, 'record')}`, ...examples.map((key) => `  ${key}`)];
}
