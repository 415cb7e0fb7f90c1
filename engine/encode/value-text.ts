import type { DestinationField, FieldType, Value } from '../../core/records.ts';
import { cellType } from '../block.ts';
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
  /** Cells of this type have the bytes that `text` gives; integers below the limit, and not below its negative. */
  readonly cells: { readonly type: number; readonly limit: number };
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
  return { kind, text: (value) => text(value, field), cells: cellsOf(kind, field.type) };
}

const below = (limit: number) => ({ type: cellType.spelledInteger, limit });

function cellsOf(kind: ValueText['kind'], type: FieldType): ValueText['cells'] {
  switch (type) {
    case 'Boolean':
      return { type: cellType.spelledBoolean, limit: 0 };
    case 'Short':
      return below(2 ** 15);
    case 'Integer':
      return below(2 ** 31);
    case 'Long':
    case 'BigInteger':
      return below(2 ** 53);
    case 'Float':
    case 'Double':
      return { type: cellType.spelledNumber, limit: 0 };
    case 'BigDecimal':
      return { type: cellType.spelledDecimal, limit: 0 };
    default:
      return { type: kind === 'string' ? cellType.text : cellType.none, limit: 0 };
  }
}
