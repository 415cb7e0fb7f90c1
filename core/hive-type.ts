/** Types in Hive's words, as Glue and Athena have them (https://docs.aws.amazon.com/athena/latest/ug/data-types.html). */

import type { DestinationField, FieldType } from './records.ts';

/** The type of a field's values in a typed Parquet file. */
export function hiveType(field: DestinationField): string {
  const { type, inner } = field;
  switch (type) {
    case 'Boolean':
      return 'boolean';
    case 'Short':
    case 'Integer':
      return 'int';
    case 'Long':
      return 'bigint';
    case 'Float':
      return 'float';
    case 'Double':
      return 'double';
    case 'BigInteger':
    case 'BigDecimal': {
      const digits = decimalDigits(field);
      return digits ? `decimal(${digits.precision},${digits.scale})` : 'string';
    }
    case 'Date':
      return 'date';
    case 'DateTime':
      return 'timestamp';
    case 'ByteArray':
      return 'binary';
    case 'List':
      return inner ? `array<${inner.map(hiveType).join(',')}>` : 'string';
    case 'Map':
      return inner ? `map<string,${inner.map(hiveType).join(',')}>` : 'string';
    case 'Struct':
      return inner ? `struct<${inner.map((of) => `${of.name}:${hiveType(of)}`).join(',')}>` : 'string';
    case 'String':
    case 'Time':
      return 'string';
  }
}

/** Of a BigDecimal or BigInteger that is a decimal in typed files and in the catalog; `undefined`: it is text there. */
export function decimalDigits(field: DestinationField): { precision: number; scale: number } | undefined {
  const scale = field.type === 'BigInteger' ? 0 : field.scale;
  const precision = field.precision ?? (field.scale === undefined ? 0 : 38);
  if (scale === undefined || scale < 0 || scale > precision || precision < 1 || precision > 38)
    return undefined;
  return { precision, scale };
}

const simpleTypes: ReadonlyMap<string, FieldType> = new Map<string, FieldType>([
  ['boolean', 'Boolean'],
  ['int', 'Integer'],
  ['bigint', 'Long'],
  ['float', 'Float'],
  ['double', 'Double'],
  ['string', 'String'],
  ['date', 'Date'],
  ['timestamp', 'DateTime'],
  ['binary', 'ByteArray'],
]);
const nestedTypes = ['array<…>', 'map<string,…>', 'struct<…>'];
const allTypes = [...simpleTypes.keys(), 'decimal(…,…)', ...nestedTypes];

/** Far more than anybody has, and less than a stack or Parquet's levels in a byte bear. */
const maxDepth = 32;

/**
 * A field of a nested type; its `hiveType` is the text in its usual spelling.
 *
 * @param text `array<…>`, `map<string,…>` or `struct<…>`, of these and of simple types
 * @throws TypeError whose message says what was expected, and at which character
 */
export function parseNestedType(name: string, text: string): DestinationField {
  const tokens = [...text.matchAll(/[\p{L}\p{N}_$]+|\S/gu)];
  let at = 0;
  const token = (): string => tokens[at]?.[0] ?? '';
  const expected = (what: string): TypeError =>
    new TypeError(`${what} at character ${(tokens[at]?.index ?? text.length) + 1}`);

  function take(wanted: string): void {
    if (token().toLowerCase() !== wanted) throw expected(`"${wanted}"`);
    at++;
  }

  function takeNumber(least: number, most: number): number {
    const number = /^\d+$/.test(token()) ? Number(token()) : Number.NaN;
    if (!(number >= least && number <= most)) throw expected(`a number from ${least} to ${most}`);
    at++;
    return number;
  }

  /** A type of parts, if the next word is one's. */
  function nested(of: string, depth: number): DestinationField | undefined {
    switch (token().toLowerCase()) {
      case 'array':
        return { name: of, type: 'List', inner: [within(() => part('element', depth + 1))] };
      case 'map':
        return { name: of, type: 'Map', inner: [within(() => mapValue(depth + 1))] };
      case 'struct':
        return { name: of, type: 'Struct', inner: within(() => members(depth + 1)) };
      default:
        return undefined;
    }
  }

  function part(of: string, depth: number): DestinationField {
    if (depth > maxDepth) throw expected(`no more than ${maxDepth} types within each other; the next one is`);
    const word = token().toLowerCase();
    if (word === 'decimal') return decimal(of);
    const type = simpleTypes.get(word);
    if (!type) return nested(of, depth) ?? refuse(allTypes);
    at++;
    return { name: of, type };
  }

  function refuse(types: readonly string[]): never {
    throw expected(`one of ${types.join(', ')}`);
  }

  /** What stands between the angle brackets behind a word. */
  function within<T>(parse: () => T): T {
    at++;
    take('<');
    const parsed = parse();
    take('>');
    return parsed;
  }

  function decimal(of: string): DestinationField {
    at++;
    take('(');
    const precision = takeNumber(1, 38);
    take(',');
    const scale = takeNumber(0, precision);
    take(')');
    return { name: of, type: 'BigDecimal', precision, scale };
  }

  function mapValue(depth: number): DestinationField {
    take('string'); // The names of an object's members have no other type.
    take(',');
    return part('value', depth);
  }

  function members(depth: number): DestinationField[] {
    const found = new Map<string, DestinationField>();
    do {
      if (found.size > 0) at++;
      const member = token();
      if (!/^[\p{L}\p{N}_$]+$/u.test(member)) throw expected("a member's name (letters, digits, _ and $)");
      // Hive and Athena do not tell them apart.
      if (found.has(member.toLowerCase())) throw expected('a name that no other member has, in any case,');
      at++;
      take(':');
      found.set(member.toLowerCase(), part(member, depth));
    } while (token() === ',');
    return [...found.values()];
  }

  const parsed = nested(name, 0) ?? refuse(nestedTypes);
  if (at < tokens.length) throw expected('nothing more');
  return parsed;
}
