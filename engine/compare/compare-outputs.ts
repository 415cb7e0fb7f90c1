/**
 * Two outputs of one flow, record by record. Records are spread over partitions by a hash of their key and compared
 * partition by partition: what is held at once is one partition of one side, whatever the size of the outputs.
 */

import { createHash } from 'node:crypto';
import { TributaryError } from '../../core/errors.ts';
import type { OutputRecord } from './read-records.ts';
import { differenceOf, hasValue, type KnownDifference, normalForm } from './value-form.ts';

/** Keeps lines apart by partition until they are read again. */
export interface Spill {
  add(partition: number, line: string): Promise<void>;
  read(partition: number): AsyncIterable<string>;
}

export interface CompareInput {
  readonly ours: AsyncIterable<OutputRecord>;
  readonly theirs: AsyncIterable<OutputRecord>;
  /** Columns that tell which records belong together. None: records are compared as a whole. */
  readonly key: readonly string[];
  readonly partitions: number;
  readonly spills: { readonly ours: Spill; readonly theirs: Spill };
}

export interface Example {
  /** The record's key, as JSON text. */
  readonly key: string;
  readonly ours: string | null;
  readonly theirs: string | null;
}

export interface ColumnDifference {
  readonly column: string;
  readonly kind: KnownDifference | 'value';
  /** Records. */
  count: number;
  /** The first of them. */
  readonly example: Example;
}

export interface OneSided {
  count: number;
  /** Keys of some. */
  readonly examples: string[];
}

export interface Comparison {
  readonly records: { ours: number; theirs: number };
  /** Records that are the same, but for known differences. */
  same: number;
  /** Records with another value. */
  different: number;
  readonly onlyOurs: OneSided;
  readonly onlyTheirs: OneSided;
  /** Columns that have a value on one side alone. */
  readonly columnsOnlyOurs: readonly string[];
  readonly columnsOnlyTheirs: readonly string[];
  /** By column and kind. */
  readonly differences: readonly ColumnDifference[];
}

export const isSame = (comparison: Comparison): boolean =>
  comparison.different === 0 &&
  comparison.onlyOurs.count === 0 &&
  comparison.onlyTheirs.count === 0 &&
  comparison.columnsOnlyOurs.length === 0 &&
  comparison.columnsOnlyTheirs.length === 0;

const mostExamples = 5;

/** @throws InvalidArgument if a record lacks a column of the key */
export async function compareOutputs(input: CompareInput): Promise<Comparison> {
  const { key, partitions, spills } = input;
  const ours = await spread(input.ours, 'ours', key, partitions, spills.ours);
  const theirs = await spread(input.theirs, 'theirs', key, partitions, spills.theirs);
  const columns = [...ours.columns].filter((column) => theirs.columns.has(column)).sort();
  const found = new Map<string, ColumnDifference>();
  const comparison: Comparison = {
    records: { ours: ours.count, theirs: theirs.count },
    same: 0,
    different: 0,
    onlyOurs: { count: 0, examples: [] },
    onlyTheirs: { count: 0, examples: [] },
    columnsOnlyOurs: [...ours.columns].filter((column) => !theirs.columns.has(column)).sort(),
    columnsOnlyTheirs: [...theirs.columns].filter((column) => !ours.columns.has(column)).sort(),
    differences: [],
  };
  for (let partition = 0; partition < partitions; partition++) {
    // As text: parsed, a record takes some times as much.
    const waiting = new Map<string, string[]>();
    for await (const line of spills.ours.read(partition)) {
      const [name, record] = partsOf(line);
      const twins = waiting.get(name);
      if (twins) twins.push(record);
      else waiting.set(name, [record]);
    }
    for await (const line of spills.theirs.read(partition)) {
      const [name, record] = partsOf(line);
      const twins = waiting.get(name);
      if (!twins) {
        noteOne(comparison.onlyTheirs, name);
        continue;
      }
      const differences = takeTwin(twins, record, columns);
      if (twins.length === 0) waiting.delete(name);
      if (differences.some(({ kind }) => kind === 'value')) comparison.different += 1;
      else comparison.same += 1;
      note(found, name, differences);
    }
    for (const [name, twins] of waiting) for (const _ of twins) noteOne(comparison.onlyOurs, name);
  }
  return { ...comparison, differences: [...found.values()] };
}

/** Puts records into their partitions; tells how many there are, and which columns have values. */
async function spread(
  records: AsyncIterable<OutputRecord>,
  side: string,
  key: readonly string[],
  partitions: number,
  spill: Spill,
): Promise<{ count: number; columns: ReadonlySet<string> }> {
  const columns = new Set<string>();
  let count = 0;
  for await (const record of records) {
    count += 1;
    for (const [column, value] of Object.entries(record)) if (hasValue(value)) columns.add(column);
    const missing = key.find((column) => record[column] === undefined);
    if (missing !== undefined) {
      throw new TributaryError('InvalidArgument', `a record of ${side} has no such column`, {
        at: '--key',
        got: missing,
        expected: Object.keys(record).join(', '),
      });
    }
    const name = keyText(record, key);
    await spill.add(partitionOf(name, partitions), `${name}\t${JSON.stringify(record)}`);
  }
  return { count, columns };
}

/** The key and the record of a line; JSON has no tab of its own. */
function partsOf(line: string): [name: string, record: string] {
  const tab = line.indexOf('\t');
  return [line.slice(0, tab), line.slice(tab + 1)];
}

/** Without a key, all that has a value. Values are in normal form: 1 and "1" are one key. */
function keyText(record: OutputRecord, key: readonly string[]): string {
  const columns = key.length > 0 ? key : Object.keys(record).sort();
  const pairs = columns.flatMap((column): [string, string | null][] => {
    const form = normalForm(record[column]) ?? null;
    return form === null && key.length === 0 ? [] : [[column, form]];
  });
  return JSON.stringify(Object.fromEntries(pairs));
}

function partitionOf(name: string, partitions: number): number {
  return createHash('sha256').update(name).digest().readUInt32BE(0) % partitions;
}

function noteOne(side: OneSided, name: string): void {
  side.count += 1;
  if (side.examples.length < mostExamples) side.examples.push(name);
}

interface Difference {
  readonly column: string;
  readonly kind: KnownDifference | 'value';
  readonly ours: string | null;
  readonly theirs: string | null;
}

/** Takes one of several records of a key, the one that is the same, if there is one; answers how it differs. */
function takeTwin(twins: string[], record: string, columns: readonly string[]): readonly Difference[] {
  const equal = twins.indexOf(record);
  if (equal >= 0) {
    twins.splice(equal, 1);
    return [];
  }
  const their = JSON.parse(record) as OutputRecord;
  const differences = (twin: string) => differencesOf(JSON.parse(twin) as OutputRecord, their, columns);
  let first: readonly Difference[] = [];
  for (const [at, twin] of twins.entries()) {
    const found = differences(twin);
    if (found.every(({ kind }) => kind !== 'value')) {
      twins.splice(at, 1);
      return found;
    }
    if (at === 0) first = found;
  }
  twins.shift();
  return first;
}

function differencesOf(our: OutputRecord, their: OutputRecord, columns: readonly string[]): Difference[] {
  return columns.flatMap((column): Difference[] => {
    const [a, b] = [our[column], their[column]];
    const kind = differenceOf(a, b);
    return kind === undefined ? [] : [{ column, kind, ours: a ?? null, theirs: b ?? null }];
  });
}

function note(found: Map<string, ColumnDifference>, key: string, differences: readonly Difference[]): void {
  for (const { column, kind, ours, theirs } of differences) {
    const known = found.get(`${kind} ${column}`);
    if (known) known.count += 1;
    else found.set(`${kind} ${column}`, { column, kind, count: 1, example: { key, ours, theirs } });
  }
}
