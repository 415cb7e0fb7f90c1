import { cellKind } from '../../core/decode/scanned-records.ts';
import type { DestinationField, FieldType, Value } from '../../core/records.ts';
import { type Cell, isPlainlySpelled, isTextCell } from '../cell.ts';
import {
  asBigInteger,
  asBoolean,
  asBytes,
  asDecimal,
  asFiniteNumber,
  asInteger,
  asJson,
  asJsonDocument,
  asLong,
  asShort,
  asString,
  numberText,
} from './value-checks.ts';

/** How text formats write the values of a field. */
export interface ValueText {
  /** `literal`: JSON takes the text as it is, CSV needs no quotes. `json`: the same for JSON only. */
  readonly kind: 'literal' | 'json' | 'string';
  /**
   * The text of a non-null value, before quotes.
   * @throws RefusedValue if the value is not of the field's type
   */
  text(value: Value): string;
  /** Whether a cell that is not null is of the field's type, and its bytes are what `text` would give. */
  isText(cell: Cell): boolean;
}

type Text = (value: Value, field: DestinationField) => string;

const base64: Text = (value, field) => {
  const bytes = asBytes(value, field);
  return typeof bytes === 'string'
    ? bytes
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64');
};
const real: Text = (value, field) => numberText(asFiniteNumber(value, field));
const string = { kind: 'string', text: asString } as const;
const json = { kind: 'json', text: asJson } as const;

const texts: Record<FieldType, { readonly kind: ValueText['kind']; readonly text: Text }> = {
  String: string,
  Boolean: { kind: 'literal', text: (value, field) => String(asBoolean(value, field)) },
  Short: { kind: 'literal', text: (value, field) => String(asShort(value, field)) },
  Integer: { kind: 'literal', text: (value, field) => String(asInteger(value, field)) },
  Long: { kind: 'literal', text: (value, field) => String(asLong(value, field)) },
  BigInteger: { kind: 'literal', text: (value, field) => String(asBigInteger(value, field)) },
  Float: { kind: 'literal', text: real },
  Double: { kind: 'literal', text: real },
  BigDecimal: { kind: 'literal', text: asDecimal },
  Date: string,
  DateTime: string,
  Time: string,
  ByteArray: { kind: 'string', text: base64 },
  Struct: { kind: 'json', text: asJsonDocument },
  List: json,
  Map: json,
};

export function valueText(field: DestinationField): ValueText {
  const { kind, text } = texts[field.type];
  const fits = numbers[field.type];
  const isText =
    kind === 'string'
      ? isTextCell
      : fits
        ? (cell: Cell) => cell.kind === cellKind.number && fits(cell.number) && isPlainlySpelled(cell)
        : () => false;
  return { kind, text: (value) => text(value, field), isText };
}

/** The numbers of a type. */
const numbers: Partial<Record<FieldType, (value: number) => boolean>> = {
  Short: (value) => (value << 16) >> 16 === value,
  Integer: (value) => (value | 0) === value,
  Long: Number.isSafeInteger,
  BigInteger: Number.isSafeInteger,
  Float: Number.isFinite,
  Double: Number.isFinite,
  BigDecimal: Number.isFinite,
};
