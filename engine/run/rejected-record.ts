/** A refused record as the error bucket gets it. */

import type { Row } from '../../core/records.ts';
import type { RunPlan } from './plan.ts';

/** What stands in the place of a value that the flow masks: the error bucket must not show what the output hides. */
const masked = '<masked>';

/**
 * The record as it was read, one JSON line with the reason. What a Mask task touches is left out, with whatever it is a
 * part of.
 */
export function rejectedRecordWriter(
  plan: Pick<RunPlan, 'flow' | 'request' | 'startedAt'>,
): (row: Row, field: string, reason: string) => string {
  const maskedNames = plan.flow.tasks
    .filter((task) => task.taskType === 'Mask')
    .flatMap((task) => task.sourceFields);
  const isMasked = (name: string): boolean =>
    maskedNames.some(
      (other) => other === name || other.startsWith(`${name}.`) || name.startsWith(`${other}.`),
    );
  const { fields } = plan.request;
  const timestamp = new Date(plan.startedAt).toISOString();
  const members = (row: Row): [string, unknown][] => {
    const [whole] = row;
    if (fields[0] === '*' && typeof whole === 'object' && whole !== null) return Object.entries(whole);
    return fields.map((name, index) => [name, row[index] ?? null]);
  };
  return (row, field, reason) => {
    const record = Object.fromEntries(
      members(row).map(([name, value]) => [name, value !== null && isMasked(name) ? masked : value]),
    );
    const line = { record, errorCode: 'InvalidArgument', errorMessage: `${field}: ${reason}`, timestamp };
    return `${JSON.stringify(line, plain)}\n`;
  };
}

function plain(_: string, value: unknown): unknown {
  if (typeof value === 'bigint') return String(value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  return value;
}
