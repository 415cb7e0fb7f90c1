/**
 * A record that a run left out because it cannot be written (refused) or fails a validation (invalid), as the error
 * bucket gets it: one JSON line with the reason, where it was read, and the record as it was before the tasks.
 */

import type { Task } from '../../core/flow/task.ts';
import type { FieldType, Row, Value } from '../../core/records.ts';
import { jsonText } from '../encode/value-checks.ts';
import { compileMaskedRecord } from '../tasks/masked-record.ts';
import type { RunPlan } from './plan.ts';

export interface QuarantineRecord {
  /** The fields that the run read. What a Mask task touches is masked, as in the output. */
  readonly record: Readonly<Record<string, unknown>>;
  readonly errorCode: 'InvalidArgument';
  /** `field: reason`; tells no value. */
  readonly errorMessage: string;
  /** Of the run's start. */
  readonly timestamp: string;
  /** Index of the task in the flow's list; null if it was none. */
  readonly task: number | null;
  readonly split: number;
  /** Of the split, from 0. */
  readonly page: number;
  /** In the page, from 0. */
  readonly position: number;
}

export type Place = Pick<QuarantineRecord, 'split' | 'page' | 'position'>;

export interface Cause {
  readonly field: string;
  readonly reason: string;
  readonly task: number | null;
}

export function quarantineWriter(
  plan: Pick<RunPlan, 'flow' | 'request' | 'startedAt' | 'sourceFields'>,
): (row: Row, cause: Cause, place: Place) => string {
  const membersOf = compileMaskedRecord(plan.flow.tasks, plan.request.fields, plan.sourceFields);
  const timestamp = new Date(plan.startedAt).toISOString();
  return (row, { field, reason, task }, { split, page, position }) => {
    const line: QuarantineRecord = {
      record: plain(membersOf(row)) as Readonly<Record<string, unknown>>,
      errorCode: 'InvalidArgument',
      errorMessage: `${field}: ${reason}`,
      timestamp,
      task,
      split,
      page,
      position,
    };
    return `${jsonText(line)}\n`;
  };
}

/** The task that gives a destination field its value. */
export function taskOfField(tasks: readonly Task[], field: string): number | null {
  const map = tasks.findIndex((task) => task.taskType === 'Map' && task.destinationField === field);
  const index =
    map >= 0 ? map : tasks.findIndex(({ taskType }) => taskType === 'Map_all' || taskType === 'Passthrough');
  return index >= 0 ? index : null;
}

/** What JSON has no notation for is text; {@link fromPlain} reads it. */
function plain(value: unknown): unknown {
  if (typeof value === 'number') {
    if (Object.is(value, -0)) return '-0';
    return Number.isFinite(value) ? value : String(value);
  }
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (Array.isArray(value)) return value.map(plain);
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, plain(member)]));
}

const notations: Readonly<Record<string, number>> = {
  NaN: Number.NaN,
  Infinity: Number.POSITIVE_INFINITY,
  '-Infinity': Number.NEGATIVE_INFINITY,
  '-0': -0,
};

/** The value that a field had, of what its quarantined record shows. */
export function fromPlain(value: Value, type: FieldType | undefined): Value {
  if (type !== 'Float' && type !== 'Double') return value;
  // The digits of a double beyond 2^53 read as those of a whole number.
  if (typeof value === 'bigint') return Number(value);
  if (typeof value !== 'string') return value;
  return Object.hasOwn(notations, value) ? (notations[value] ?? value) : value;
}
