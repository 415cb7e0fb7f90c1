/** Which entities' pages can be read as bytes, and how their fields are found there; what `compileRow` gives is the reference. */

import type { Entity } from '../../core/connector/connector.ts';
import type { Field } from '../../core/connector/fields.ts';
import { own } from '../../core/connector/own.ts';
import {
  type JsonListReader,
  jsonListReader,
  type ListField,
  type PathKey,
  type ValueConversion,
} from '../../core/decode/json-list.ts';
import { jsonKind } from '../../core/decode/member-tables.ts';
import { cellKind } from '../../core/decode/scanned-records.ts';
import { type Value, wholeRecord } from '../../core/records.ts';
import type { EntityList } from './entity-list.ts';
import { compileRow, decoderOf } from './read-records.ts';

/**
 * @param names the read set
 * @returns `undefined` for what needs records as objects: computed fields, values of a parent, lists that code looks for
 */
export function listScanner(
  {
    connector,
    entity,
    pagination,
    parse,
    at,
  }: Pick<EntityList, 'connector' | 'entity' | 'pagination' | 'parse' | 'at'>,
  names: readonly string[],
): JsonListReader | undefined {
  const { records, decode, skipIf, textValues, changes } = entity;
  if (decode || skipIf || textValues || typeof records === 'function' || records?.includes('[*]')) return;
  const looked = [...Object.values(pagination ?? {}), changes?.at, connector.errors?.inBody?.path];
  if (looked.some((place) => typeof place === 'string' && isWithin(place, records))) return;
  const session = pagination?.kind === 'page' ? pagination.session?.at : undefined;
  if (typeof session === 'string' && isWithin(session, records)) return;
  const fields = names.map((name) => listField(entity, name));
  if (!fields.every((field) => field !== undefined)) return;
  const rowOf = compileRow(entity, names, at);
  return jsonListReader({ at: records, fields, parse, readRecord: (record) => rowOf(record) });
}

/** Whether a path leads into the list, which is not parsed. */
function isWithin(path: string, records: string | undefined): boolean {
  return records === undefined || (path.startsWith(records) && /^([.[]|$)/.test(path.slice(records.length)));
}

function listField(entity: Entity, name: string): ListField | undefined {
  if (name === wholeRecord) return undefined;
  const field = own(entity.fields, name);
  if (field) {
    const path = field.hole === undefined && !field.parts && pathOf(field.at ?? name);
    return path ? { path, ...conversionOf(field) } : undefined;
  }
  if (own(entity.parameters, name)) return { path: [] };
  const [head = '', ...rest] = name.split('.');
  const struct = own(entity.fields, head);
  // `compileRow` says what is wrong with a name that is none.
  if (!struct || struct.hole !== undefined || struct.parts || rest.length === 0) return undefined;
  const path = pathOf(struct.at ?? head);
  const inner = rest.map((key, depth): PathKey => {
    const literal = rest.slice(depth).join('.');
    return literal === key ? { key } : { key, unless: literal };
  });
  return path && { path: [...path, ...inner] };
}

/** As `compileFieldPath` reads it. */
function pathOf(path: string): PathKey[] | undefined {
  if (path.includes('[*]')) return undefined;
  const [first = '', ...rest] = path.split('.');
  return [rest.length === 0 ? { key: first } : { key: first, unless: path }, ...rest.map((key) => ({ key }))];
}

function conversionOf(field: Field): { readonly conversion?: ValueConversion } {
  const kept = keptBy(field);
  if (!kept) return {};
  const decode = decoderOf(field);
  const convert = (value: Value) => (value === null ? null : ((decode(value) as Value | undefined) ?? null));
  return { conversion: { ...kept, convert } };
}

const { ascii, utf8, number } = cellKind;
const { escaped, delicateNumber, nested, delicateNested } = jsonKind;
const noText = [cellKind.null, cellKind.true, cellKind.false, number, delicateNumber, nested, delicateNested];

/** What `decoderOf` leaves as it is; `undefined`: everything. */
function keptBy({ type, format }: Field): Omit<ValueConversion, 'convert'> | undefined {
  switch (type) {
    case 'String':
      return { keeps: [cellKind.null, ascii, utf8, escaped] };
    case 'DateTime': {
      if (format === 'epochSeconds' || format === 'epochMilliseconds') return { keeps: [cellKind.null] };
      const isIso = format === undefined || format.startsWith('iso8601');
      // What ends with a Z has no offset, and nothing behind the Z.
      return isIso ? { keeps: [...noText, ascii], lastByte: 0x5a } : { keeps: noText };
    }
    case 'Date':
      return format === undefined ? undefined : { keeps: [cellKind.null] };
    case 'Time':
      return { keeps: format === 'odataV2' ? [cellKind.null] : noText };
    case 'Double':
    case 'Float':
      return { keeps: [...noText.filter((kind) => kind !== delicateNumber), ascii, utf8, escaped] };
    default:
      return undefined;
  }
}
