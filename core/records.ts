/**
 * Records as they pass through the engine.
 *
 * A record is a *row*: an array of values, one per field of the read set, in its order. Rows cost a third of objects
 * with the same values, and a decoder that knows the read set skips what nobody asked for.
 */

/**
 * AppFlow's data types (the guide's words), with the value that a row holds for each; `null` stands for a missing or
 * null value of any type, `undefined` never occurs.
 *
 * | type | value in a row |
 * |---|---|
 * | String | string |
 * | Boolean | boolean |
 * | Short, Integer | number (an integer) |
 * | Long, BigInteger | number while it is a safe integer, else bigint |
 * | Float, Double | number |
 * | BigDecimal | number or string of decimal digits, as exact as the source gave it |
 * | Date | string `YYYY-MM-DD` |
 * | DateTime | string, ISO 8601 with `Z` or an offset, any number of fraction digits |
 * | Time | string `hh:mm:ss[.ffffff]` |
 * | ByteArray | Uint8Array, or a base64 string as JSON sources give it |
 * | Struct | what `JSON.parse` gives: an object as a rule; a database's JSON may be a list, text, number or boolean |
 * | List, Map | object or array, as `JSON.parse` gives it |
 */
export const fieldTypes = [
  'String',
  'Boolean',
  'Short',
  'Integer',
  'Long',
  'BigInteger',
  'Float',
  'Double',
  'BigDecimal',
  'Date',
  'DateTime',
  'Time',
  'ByteArray',
  'Struct',
  'List',
  'Map',
] as const;
export type FieldType = (typeof fieldTypes)[number];

export type Value = string | number | bigint | boolean | null | Uint8Array | readonly unknown[] | object;

/** One record: values in the order of the read set (`SourceField[]`) or, after the tasks, of the destination fields. */
export type Row = Value[];

/**
 * The read set member that stands for the record as a whole (Passthrough, and Map_all over a source without a fixed
 * schema): its value is the record's object.
 */
export const wholeRecord = '*';

/** A field as the source offers it. `name` may be a dotted path into nested objects; a literal key of that name wins. */
export interface SourceField {
  readonly name: string;
  readonly type: FieldType;
  /** The console's label; becomes the Glue column parameter AppFlowLabel. Default: the name. */
  readonly label?: string;
  readonly description?: string;
  /** Decimal digits of a BigDecimal, where the source fixes them. */
  readonly precision?: number;
  readonly scale?: number;
  /** Fraction digits of a DateTime's seconds that the source keeps: 3 (default) or 6. */
  readonly fractionDigits?: 3 | 6;
}

/** A field of the output, after the tasks. */
export interface DestinationField {
  readonly name: string;
  readonly type: FieldType;
  readonly label?: string;
  readonly description?: string;
  readonly precision?: number;
  readonly scale?: number;
  readonly fractionDigits?: 3 | 6;
  /**
   * Of a nested field whose parts have types of their own: the members of a Struct, the `element` of a List, the `value`
   * of a Map (its keys are Strings). Absent: files hold its JSON text.
   */
  readonly inner?: readonly DestinationField[];
}

/** What became of the records of a segment, a split or a run. The engine keeps the sum equal to `received`. */
export interface RecordCounts {
  /** Counted at the decoder. */
  received: number;
  /** Counted by the encoders. */
  written: number;
  /** Dropped by a Filter task (in the engine) or by a validation with DropRecord. */
  filtered: number;
  /** Refused: a value that the destination's type cannot hold. Goes to the error bucket. */
  rejected: number;
  /** Stamped outside the pull window. */
  outOfWindow: number;
  /** The same (key, version) a second time within the run. */
  duplicates: number;
  /** Left out on purpose: a connector's `skipIf`, or beyond the run's `limit`. */
  skipped: number;
}

export function noRecords(): RecordCounts {
  return { received: 0, written: 0, filtered: 0, rejected: 0, outOfWindow: 0, duplicates: 0, skipped: 0 };
}

export function addCounts(sum: RecordCounts, counts: RecordCounts): void {
  for (const key of Object.keys(counts) as (keyof RecordCounts)[]) sum[key] += counts[key];
}

export function booksBalance(counts: RecordCounts): boolean {
  const { received, written, filtered, rejected, outOfWindow, duplicates, skipped } = counts;
  return received === written + filtered + rejected + outOfWindow + duplicates + skipped;
}
