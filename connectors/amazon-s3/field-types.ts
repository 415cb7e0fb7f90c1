/** Fields of JSON records, as a sample shows them. */

import { isStruct } from '../../core/record-path.ts';
import type { FieldType, SourceField } from '../../core/records.ts';

/**
 * The top-level keys in the order of their first appearance. A key with numbers of several types has the widest of
 * them; one with values of other different types is a String, and so is one that is always null.
 */
export function fieldsOf(records: Iterable<object>): SourceField[] {
  const types = new Map<string, FieldType | undefined>();
  for (const record of records) {
    for (const [name, value] of Object.entries(record)) {
      types.set(name, widened(types.get(name), typeOf(value)));
    }
  }
  return [...types].map(([name, type]) => ({ name, type: type ?? 'String' }));
}

/** `undefined` for null, which any type has. */
function typeOf(value: unknown): FieldType | undefined {
  if (value === null) return undefined;
  if (typeof value === 'boolean') return 'Boolean';
  if (typeof value === 'bigint') return isLong(value) ? 'Long' : 'BigInteger';
  if (typeof value === 'number') return Number.isSafeInteger(value) ? 'Long' : 'Double';
  if (Array.isArray(value)) return 'List';
  return isStruct(value) ? 'Struct' : 'String';
}

const isLong = (value: bigint): boolean => BigInt.asIntN(64, value) === value;

/** From narrow to wide. */
const numbers: readonly (FieldType | undefined)[] = ['Long', 'BigInteger', 'Double'];

function widened(known: FieldType | undefined, seen: FieldType | undefined): FieldType | undefined {
  if (known === undefined || known === seen) return seen;
  if (seen === undefined) return known;
  const rank = Math.max(numbers.indexOf(known), numbers.indexOf(seen));
  return numbers.includes(known) && numbers.includes(seen) ? numbers[rank] : 'String';
}
