import { compilePath } from '../../core/record-path.ts';
import type { DestinationField, FieldType, Value } from '../../core/records.ts';
import { type Converter, converter } from './convert.ts';

/** @param place of the part that cannot be converted, as in `orders[].price` */
export type MisfitReport = (place: string, value: Value, type: FieldType) => void;

/**
 * The conversion to a type with inner types, each part as `converter` does it. Members that the type does not name are left
 * out, those that the value lacks are null.
 *
 * @param report is told of the part for which a value is not converted
 */
export function nestedConverter(field: DestinationField, report: MisfitReport = () => {}): Converter {
  return partConverter(field, field.name, report);
}

function partConverter(field: DestinationField, place: string, report: MisfitReport): Converter {
  const convert = converter({}, field);
  const convertParts = partsConverter(field, place, report);
  return (value) => {
    const converted = convert(value);
    if (converted === undefined) report(place, value, field.type);
    return converted === undefined || converted === null ? converted : convertParts(converted);
  };
}

/** Of a value that is of the field's type as far as its parts are not looked at. */
function partsConverter(
  { type, inner }: DestinationField,
  place: string,
  report: MisfitReport,
): (value: Exclude<Value, null>) => Value | undefined {
  const [first] = inner ?? [];
  if (!inner || !first) return (value) => value;
  switch (type) {
    case 'List':
      return listConverter(partConverter(first, `${place}[]`, report));
    case 'Map':
      return mapConverter(partConverter(first, `${place}.*`, report));
    default:
      return structConverter(
        inner.map((member) => ({
          name: member.name,
          read: compilePath(member.name),
          convert: partConverter(member, `${place}.${member.name}`, report),
        })),
      );
  }
}

function listConverter(convert: Converter) {
  return (value: Exclude<Value, null>): Value[] | undefined => {
    const items = value as readonly Value[];
    // Pushed to, a list of millions would be copied as it grows.
    const list = new Array<Value>(items.length);
    let index = 0;
    for (const item of items) {
      const converted = convert(item);
      if (converted === undefined) return undefined;
      list[index++] = converted;
    }
    return list;
  };
}

function mapConverter(convert: Converter) {
  return (value: Exclude<Value, null>): object | undefined => {
    const map: Record<string, Value> = {};
    for (const [key, item] of Object.entries(value)) {
      const converted = convert(item as Value);
      if (converted === undefined) return undefined;
      put(map, key, converted);
    }
    return map;
  };
}

interface Member {
  readonly name: string;
  readonly read: (record: object) => Value;
  readonly convert: Converter;
}

function structConverter(members: readonly Member[]) {
  return (value: Exclude<Value, null>): object | undefined => {
    const struct: Record<string, Value> = {};
    for (const { name, read, convert } of members) {
      const converted = convert(read(value as object));
      if (converted === undefined) return undefined;
      put(struct, name, converted);
    }
    return struct;
  };
}

/** An assignment, which is much faster than `fromEntries`; of one name it would set the prototype. */
function put(object: Record<string, Value>, name: string, value: Value): void {
  if (name === '__proto__') Object.defineProperty(object, name, { value, enumerable: true });
  else object[name] = value;
}
