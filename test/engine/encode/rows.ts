/** Fields of every type and arbitrary rows for them: what the tests of all file formats encode and read back. */
import fc from 'fast-check';
import { pageMemory } from '../../../core/decode/page-memory.ts';
import type { ScannedRecords } from '../../../core/decode/scanned-records.ts';
import { newKernels } from '../../../core/kernels.ts';
import type { DestinationField, FieldType, Row, Value } from '../../../core/records.ts';
import { Block } from '../../../engine/block.ts';
import type {
  Fragment,
  FragmentEncoder,
  OutputFormat,
  PlacedFragment,
} from '../../../engine/encode/format.ts';

/**
 * Every Unicode plane, no lone surrogates; short strings of few letters as well, so that values repeat. None begins with
 * U+FEFF: readers that decode with TextDecoder, as DuckDB's, hyparquet and Arrow do, take that for a byte order mark.
 */
export const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 12 }).map((value) => value.replace(/^\ufeff+/, '')),
  fc.constantFrom(
    '',
    'a',
    'b',
    '"',
    ',',
    '\n',
    '\r\n',
    ' padded ',
    '\u0000',
    '\ue000',
    '𐀀',
    '\u{10ffff}',
    'é',
  ),
);

const date = fc
  .date({
    min: new Date('0001-01-01T00:00:00Z'),
    max: new Date('9999-12-31T23:59:59.999Z'),
    noInvalidDate: true,
  })
  .map((day) => day.toISOString());

export const values: Record<FieldType, fc.Arbitrary<Value>> = {
  String: text,
  Boolean: fc.boolean(),
  Short: fc.integer({ min: -32768, max: 32767 }),
  Integer: fc.integer({ min: -2147483648, max: 2147483647 }),
  Long: fc.oneof(
    fc.maxSafeInteger(),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    fc.constantFrom(-(2n ** 63n), 2n ** 63n - 1n, 0, -1),
  ),
  BigInteger: fc.oneof(fc.maxSafeInteger(), fc.bigInt({ min: -(10n ** 38n) + 1n, max: 10n ** 38n - 1n })),
  Float: fc.float({ noNaN: true, noDefaultInfinity: true }),
  Double: fc.oneof(
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.constantFrom(-0, 0, 5e-324, 1e300),
  ),
  BigDecimal: fc
    .tuple(
      fc.bigInt({ min: -(10n ** 29n) + 1n, max: 10n ** 29n - 1n }),
      fc.integer({ min: 0, max: 999_999_999 }),
    )
    .map(([whole, fraction]) => `${whole}.${String(fraction).padStart(9, '0')}`),
  Date: date.map((iso) => iso.slice(0, 10)),
  DateTime: date,
  Time: date.map((iso) => iso.slice(11, 19)),
  ByteArray: fc.uint8Array({ maxLength: 20 }),
  Struct: fc.dictionary(text, fc.oneof(text, fc.integer(), fc.constant(null))),
  List: fc.array(fc.oneof(text, fc.boolean())),
  Map: fc.dictionary(text, fc.integer()),
};

/** Appends the rows as a block of their values. */
export function appendAsBlock(format: OutputFormat, encoder: FragmentEncoder, rows: readonly Row[]): void {
  const block = blockOf(rows);
  format.prepare(block);
  encoder.appendBlock(block, block.positions(rows.map((_, position) => position)), rows.length);
}

export function blockOf(rows: readonly Row[]): Block {
  const kernels = newKernels();
  const records: ScannedRecords = {
    count: rows.length,
    fields: 0,
    kernels,
    memory: pageMemory(kernels),
    firstCell: 0,
    end: kernels.heapStart(),
    escapes: 'json',
    value: () => null,
    memberTable: () => undefined,
  };
  const block = new Block(records, 0, rows.length);
  for (const column of rows[0]?.keys() ?? []) {
    const vector = block.newVector();
    block.vectors.push(vector);
    block.mixed.push(false);
    for (const [position, row] of rows.entries()) block.put(vector, position, row[column] ?? null);
  }
  return block;
}

export function field(type: FieldType, name: string = type): DestinationField {
  if (type === 'BigDecimal') return { name, type, precision: 38, scale: 9 };
  return type === 'BigInteger' ? { name, type, precision: 38 } : { name, type };
}

/** Rows of the given fields in one to three fragments, nulls everywhere. */
export function fragmentsOf(fields: readonly DestinationField[], maxRows = 40): fc.Arbitrary<Row[][]> {
  const row = fc.tuple(...fields.map(({ type }) => fc.option(values[type], { freq: 4, nil: null })));
  return fc.array(fc.array(row, { minLength: 1, maxLength: maxRows }), { minLength: 1, maxLength: 3 });
}

/** Encodes each list of rows as a fragment, each with an encoder of its own as other processes would. */
export function fragments(format: OutputFormat, parts: readonly Row[][]): Fragment[] {
  return parts.map((rows) => {
    const encoder = format.encoder();
    for (const row of rows) encoder.append(row);
    const fragment = encoder.finish();
    if (fragment === undefined) throw new Error('no rows');
    return fragment;
  });
}

/** Joins fragments to an object, as the commit does. Their metadata passes through JSON, as in a segment's index. */
export function object(format: OutputFormat, parts: readonly Fragment[]): Buffer {
  const head = format.head();
  let offset = head.length;
  const placed = parts.map((fragment): PlacedFragment => {
    const { rows, meta } = fragment;
    const at = offset;
    offset += bytesOf(fragment).length;
    return {
      offset: at,
      length: offset - at,
      rows,
      ...(meta && { meta: JSON.parse(JSON.stringify(meta)) }),
    };
  });
  return Buffer.concat([head, ...parts.map(bytesOf), format.tail(placed)]);
}

export function bytesOf(fragment: Fragment | undefined): Buffer {
  return Buffer.concat(fragment?.chunks ?? []);
}

export function encode(format: OutputFormat, parts: readonly Row[][]): Buffer {
  return object(format, fragments(format, parts));
}
