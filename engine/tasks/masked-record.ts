/** A record as others may see it: what Mask tasks hide in the output is hidden here as well. */

import type { Task } from '../../core/flow/task.ts';
import { isStruct } from '../../core/record-path.ts';
import { type Row, type SourceField, type Value, wholeRecord } from '../../core/records.ts';
import { compileEdits, compilePartEdits, type Edit, type PartEdit } from './edit.ts';
import { fractionDigits } from './field-reader.ts';
import { editOf } from './field-value.ts';

/** What a flow's Mask tasks hide of the source's records. */
export interface MaskedFields {
  /** Source fields, each with the edits up to its last mask: what Truncate cuts off before stays hidden too. */
  readonly masked: ReadonlyMap<string, readonly Edit[]>;
  /** Source fields that a masked field is made of (Arithmetic, Merge): they cannot be shown at all. */
  readonly withheld: ReadonlySet<string>;
}

export function maskedFields(tasks: readonly Task[]): MaskedFields {
  const makers = new Map<string, Task>();
  for (const task of tasks) {
    if (task.taskType === 'Arithmetic' || task.taskType === 'Merge')
      makers.set(task.destinationField ?? task.sourceFields.join(','), task);
  }
  const edits = new Map<string, Edit[]>();
  const masked = new Map<string, readonly Edit[]>();
  const withheld = new Set<string>();
  /** A task may name its result as one of its operands; that one is then the source's field. */
  const withhold = (name: string, within: readonly string[]): void => {
    const maker = within.includes(name) ? undefined : makers.get(name);
    if (maker === undefined) withheld.add(name);
    else for (const operand of maker.sourceFields) withhold(operand, [...within, name]);
  };
  for (const [index, task] of tasks.entries()) {
    if (task.taskType !== 'Mask' && task.taskType !== 'Truncate') continue;
    for (const name of task.sourceFields) {
      if (makers.has(name)) {
        if (task.taskType === 'Mask') withhold(name, []);
        continue;
      }
      const soFar = [...(edits.get(name) ?? []), editOf({ index, task }, {})];
      edits.set(name, soFar);
      if (task.taskType === 'Mask') masked.set(name, soFar);
    }
  }
  return { masked, withheld };
}

/** Whether one is the other, or lies below it. */
export function overlap(a: string, b: string): boolean {
  return a === b || a.startsWith(`${b}.`) || b.startsWith(`${a}.`);
}

/**
 * @param fields the read set
 * @returns the members of a record by their names
 */
export function compileMaskedRecord(
  tasks: readonly Task[],
  fields: readonly string[],
  sourceFields: readonly SourceField[],
): (row: Row) => Record<string, unknown> {
  const { masked, withheld } = maskedFields(tasks);
  const removed = [...withheld].map((path): PartEdit => ({ path, edits: 'remove' }));
  if (fields[0] === wholeRecord) {
    const parts = [...masked].map(([path, edits]): PartEdit => ({ path, edits }));
    const change = compilePartEdits([...parts, ...removed]);
    return ([whole]) => change(isStruct(whole) ? whole : {});
  }
  const known = new Map(sourceFields.map((field) => [field.name, field]));
  const columns = fields.flatMap((name, index) => {
    if ([...withheld].some((other) => overlap(name, other))) return [];
    const own = [...masked].filter(([other]) => other === name || name.startsWith(`${other}.`));
    const below = [...masked].filter(([other]) => other.startsWith(`${name}.`));
    return [{ name, index, change: fieldChange(name, own, below, known.get(name)) }];
  });
  return (row) =>
    Object.fromEntries(columns.map(({ name, index, change }) => [name, change(row[index] ?? null)]));
}

type NamedEdits = readonly (readonly [string, readonly Edit[]])[];

function fieldChange(
  name: string,
  own: NamedEdits,
  below: NamedEdits,
  field: SourceField | undefined,
): (value: Value) => unknown {
  if (own.length > 0) {
    const edits = own.flatMap(([, each]) => each);
    return compileEdits(edits, field ? { type: field.type, ...fractionDigits(field) } : {});
  }
  if (below.length === 0) return (value) => value;
  const change = compilePartEdits(
    below.map(([other, edits]) => ({ path: other.slice(name.length + 1), edits })),
  );
  const changeEach = (value: unknown): unknown =>
    Array.isArray(value) ? value.map(changeEach) : isStruct(value) ? change(value) : value;
  return changeEach;
}
