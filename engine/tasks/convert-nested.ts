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
  if (!inner) return (value) => value;
  const parts = inner.map((part) => ({
    name: part.name,
    read: compilePath(part.name),
    convert: partConverter(part, `${place}${placeSigns[type] ?? `.${part.name}`}`, report),
  }));
  if (type === 'Struct') {
    return (value) => {
      const members: [string, Value][] = [];
      for (const { name, read, convert } of parts) {
        const converted = convert(read(value as object));
        if (converted === undefined) return undefined;
        members.push([name, converted]);
      }
      return Object.fromEntries(members);
    };
  }
  const convert = parts[0]?.convert ?? ((value) => value);
  if (type === 'List') return (value) => allOf(value as Value[], convert);
  return (value) => {
    const values = allOf(Object.values(value), convert);
    return values && Object.fromEntries(Object.keys(value).map((key, index) => [key, values[index]]));
  };
}

/** Of what a list or a map holds. */
const placeSigns: Partial<Record<FieldType, string>> = { List: '[]', Map: '.*' };

function allOf(values: readonly Value[], convert: Converter): Value[] | undefined {
  const all: Value[] = [];
  for (const value of values) {
    const converted = convert(value);
    if (converted === undefined) return undefined;
    all.push(converted);
  }
  return all;
}
