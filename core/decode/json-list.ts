/**
 * Reads wanted values of the objects in one list of a JSON text, an API's page, straight from its bytes
 * (wasm/json-list.ts). Only what is around the list is parsed.
 */

import { isUtf8 } from 'node:buffer';
import { compileFieldPath } from '../connector/field-path.ts';
import { newKernels } from '../kernels.ts';
import type { Row, Value } from '../records.ts';
import { isTableName, jsonKind, memberTables, putTable, type WantedMember } from './member-tables.ts';
import { pageMemory } from './page-memory.ts';
import { cellBytes, cellValues, sentinelBytes } from './record-scanner.ts';
import { cellKind, type ScannedRecords, scannedRow } from './scanned-records.ts';

export interface ListField {
  /** The keys that lead to the value; none: it is always null. */
  readonly path: readonly PathKey[];
  /** Default: values are as JSON has them. */
  readonly conversion?: ValueConversion;
}

export interface PathKey {
  readonly key: string;
  /** What the path would mean instead in an object that has this key: such a record is parsed. */
  readonly unless?: string;
}

export interface ValueConversion {
  /** Kinds of values (`cellKind`, `jsonKind`) that are what `convert` makes of them. */
  readonly keeps: readonly number[];
  /** Of texts that are ASCII, if `keeps` has them, only those that end with this byte. */
  readonly lastByte?: number;
  convert(value: Value): Value;
}

export interface JsonListOptions {
  /** Where the list is: keys joined by dots. Default: the text is the list. */
  readonly at?: string | undefined;
  readonly fields: readonly ListField[];
  /** @throws SyntaxError */
  parse(text: string): unknown;
  /** The values of a record that the scanner does not read. */
  readRecord(record: object): Row;
}

/** Valid until the next text is read. */
export interface JsonList {
  /** What `parse` makes of the text without the list. */
  readonly around: unknown;
  readonly records: ScannedRecords;
  readonly rows: readonly Row[];
  readonly length: number;
  /** @param index 0 the first record, -1 the last; others are never asked for */
  at(index: 0 | -1): object | undefined;
}

/** @returns `undefined` for a text that has to be parsed as a whole, and may be no JSON at all. @throws as `parse` does */
export type JsonListReader = (text: Uint8Array) => JsonList | undefined;

const quote = 0x22;
const colon = 0x3a;
const comma = 0x2c;
const openBrace = 0x7b;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const madeKind = 15;
/** Stands for the list. A key of the same name that comes behind it takes its place, as `JSON.parse` has it. */
const standIn = 'the list of records\u0000';
const allKinds = [...Object.values(cellKind), ...Object.values(jsonKind)];
const maxTables = 64;
/** For which there is room at first: a record may have some hundred fields, and most pages have no more records. */
const firstRecords = 128;

/** The objects on the way to the values. */
interface Level {
  /** The cell that the object is in; of the record itself none. */
  readonly cell: number;
  readonly members: Map<string, WantedMember>;
  readonly inner: Map<string, Level>;
}

/** @returns `undefined` where keys are too long or lie in too many objects */
export function jsonListReader(options: JsonListOptions): JsonListReader | undefined {
  const { at, fields, parse, readRecord } = options;
  const layout = layoutOf(fields);
  if (!layout) return undefined;
  const { levels, cells: room, copies } = layout;
  const keys = at === undefined ? [] : at.split('.');
  const listOf = at === undefined ? (around: unknown) => around : compileFieldPath(at);
  /** Of each field the kinds of values that are left as they are, a bit each. */
  const kept = Int32Array.from(fields, ({ conversion }) => keptKinds(conversion));
  const lastBytes = Int32Array.from(fields, ({ conversion }) => conversion?.lastByte ?? -1);

  const kernels = newKernels();
  const memory = pageMemory(kernels);
  const plan = kernels.heapStart();
  let end = align(plan + 4 + 8 * levels.length);
  const tables = levels.map(({ members }) => {
    const table = end;
    end += kernels.tableBytes(members.size);
    return table;
  });
  const { memberTable, end: pageStart } = memberTables(kernels, memory, end);
  memory.bytes.writeInt32LE(levels.length, plan);
  levels.forEach(({ cell, members }, index) => {
    const table = tables[index] ?? 0;
    memory.bytes.writeInt32LE(cell, plan + 4 + 8 * index);
    memory.bytes.writeInt32LE(table, plan + 8 + 8 * index);
    putTable(memory, table, [...members.values()]);
  });

  const textOf = (start: number, end: number) => memory.bytes.toString('utf8', start, end);
  const { value, put, clear } = cellValues(memory, (kind, start, end) =>
    kind === jsonKind.delicateNumber || kind === jsonKind.delicateNested
      ? (parse(textOf(start, end)) as Value)
      : (JSON.parse(textOf(start, end)) as Value),
  );
  /** Of a vendor whose records the scanner does not read, pages are parsed as a whole: that is faster than one by one. */
  let isFit = true;

  /** @returns the place of the list's opening bracket; 0 if it is not there */
  function findList(): number {
    const { bytes } = memory;
    let place = kernels.passBlanks(pageStart);
    for (const key of keys) {
      if (bytes[place] !== openBrace) return 0;
      place = kernels.passBlanks(place + 1);
      for (;;) {
        if (bytes[place] !== quote) return 0;
        const keyEnd = kernels.passValue(place);
        if (keyEnd === 0) return 0;
        const isWanted = parse(textOf(place, keyEnd)) === key;
        place = kernels.passBlanks(keyEnd);
        if (bytes[place] !== colon) return 0;
        place = kernels.passBlanks(place + 1);
        if (isWanted) break;
        const valueEnd = kernels.passValue(place);
        if (valueEnd === 0) return 0;
        place = kernels.passBlanks(valueEnd);
        if (bytes[place] !== comma) return 0;
        place = kernels.passBlanks(place + 1);
      }
    }
    return bytes[place] === openBracket ? place : 0;
  }

  /** Makes values of what is not as its field has it. */
  function convert(first: number, count: number): void {
    const { bytes, places, numbers } = memory;
    const end = first + count * fields.length;
    for (const [from, to] of copies) {
      for (let cell = first; cell < end; cell += fields.length) {
        if (((places[4 * (cell + from) + 1] ?? 0) & 15) === madeKind) continue;
        places.copyWithin(4 * (cell + to), 4 * (cell + from), 4 * (cell + from) + 2);
        numbers[2 * (cell + to) + 1] = numbers[2 * (cell + from) + 1] ?? 0;
      }
    }
    for (let record = first; record < end; record += fields.length) {
      for (let field = 0; field < fields.length; field++) {
        const cell = record + field;
        const place = places[4 * cell + 1] ?? 0;
        const kind = place & 15;
        if (((kept[field] ?? 0) >> kind) & 1) {
          const last = lastBytes[field] ?? -1;
          if (last < 0 || kind !== cellKind.ascii) continue;
          if (bytes[(places[4 * cell] ?? 0) + (place >>> 4) - 1] === last) continue;
        }
        const conversion = fields[field]?.conversion;
        put(cell, conversion ? conversion.convert(value(cell)) : value(cell));
      }
    }
  }

  return (text) => {
    if (!isFit || !isUtf8(text)) return undefined;
    const pageEnd = pageStart + text.length;
    const cells = align(pageEnd + sentinelBytes);
    const recordBytes = fields.length * cellBytes;
    let capacity = firstRecords;
    const makeRoom = () => memory.ensure(cells + capacity * recordBytes + room * cellBytes);
    makeRoom();
    const generation = memory.nextGeneration();
    memory.bytes.set(text, pageStart);
    memory.bytes.fill(0, pageEnd, cells);
    clear();

    const list = findList();
    if (list === 0) return undefined;
    const start = kernels.passBlanks(list + 1);
    let place = start;
    let last = 0;
    let count = 0;
    let parsed = 0;
    while (memory.bytes[place] !== closeBracket) {
      if (count === capacity) {
        capacity *= 2;
        makeRoom();
      }
      const to = cells + count * recordBytes;
      place = kernels.scanJsonList(plan, place, capacity - count, to, fields.length, room);
      if (place === 0) return undefined;
      if (kernels.records.value > 0) last = kernels.lastRecord.value;
      count += kernels.records.value;
      if (count === capacity || memory.bytes[place] === closeBracket) continue;
      const recordEnd = kernels.passValue(place);
      const record = recordEnd === 0 ? undefined : parse(textOf(place, recordEnd));
      if (typeof record !== 'object' || record === null) return undefined;
      const row = readRecord(record);
      const first = cells / cellBytes + count * fields.length;
      for (let field = 0; field < fields.length; field++) put(first + field, row[field] ?? null);
      last = place;
      count++;
      parsed++;
      place = kernels.nextItem(recordEnd);
      if (place === 0) return undefined;
    }
    const around = parse(`${textOf(pageStart, list)}${JSON.stringify(standIn)}${textOf(place + 1, pageEnd)}`);
    if (listOf(around) !== standIn) return undefined;
    isFit = parsed * 2 <= count;
    const firstCell = cells / cellBytes;
    convert(firstCell, count);
    const scanned: ScannedRecords = {
      count,
      fields: fields.length,
      kernels,
      memory,
      firstCell,
      end: cells + count * recordBytes,
      escapes: 'json',
      value,
      memberTable,
    };
    const stillThere = () => {
      if (memory.generation !== generation)
        throw new Error('a page was left before its records were asked for');
    };
    let rows: readonly Row[] | undefined;
    return {
      around,
      records: scanned,
      get rows() {
        if (rows === undefined) {
          stillThere();
          rows = Array.from({ length: count }, (_, record) => scannedRow(scanned, record));
        }
        return rows;
      },
      length: count,
      at(index) {
        stillThere();
        if (count === 0) return undefined;
        const begin = index === 0 ? start : last;
        return parse(textOf(begin, kernels.passValue(begin))) as object;
      },
    };
  };
}

/** A nested value with delicate numbers is parsed at once, as only now the text can still be refused. */
function keptKinds(conversion: ValueConversion | undefined): number {
  const kinds = conversion?.keeps ?? allKinds;
  return [...kinds, madeKind].reduce((bits, kind) => bits | (1 << kind), 0) & ~(1 << jsonKind.delicateNested);
}

function align(bytes: number): number {
  return Math.ceil(bytes / cellBytes) * cellBytes;
}

/** Which cell takes which value: those of the fields in their order, then those of objects that hold others. */
function layoutOf(fields: readonly ListField[]):
  | {
      readonly levels: readonly Level[];
      readonly cells: number;
      readonly copies: readonly [number, number][];
    }
  | undefined {
  const top: Level = { cell: 0, members: new Map(), inner: new Map() };
  const levels = [top];
  const copies: [number, number][] = [];
  let cells = fields.length;

  function levelIn({ members, inner }: Level, key: string): Level {
    const known = inner.get(key);
    if (known) return known;
    const { slot } = members.get(key) ?? { slot: cells++ };
    members.set(key, { name: key, slot });
    const level: Level = { cell: slot, members: new Map(), inner: new Map() };
    inner.set(key, level);
    levels.push(level);
    return level;
  }

  // Whole objects first, so that what is in them is looked for in their own cells.
  const order = fields.map((_, field) => field).sort((a, b) => lengthOf(fields[a]) - lengthOf(fields[b]));
  for (const field of order) {
    const path = fields[field]?.path ?? [];
    let level = top;
    path.forEach(({ key, unless }, depth) => {
      if (unless !== undefined) level.members.set(unless, { name: unless, slot: -1 });
      if (depth < path.length - 1) {
        level = levelIn(level, key);
        return;
      }
      const other = level.members.get(key);
      if (other === undefined) level.members.set(key, { name: key, slot: field });
      else copies.push([other.slot, field]);
    });
  }
  const names = levels.flatMap(({ members }) => [...members.keys()]);
  return levels.length <= maxTables && names.every(isTableName) ? { levels, cells, copies } : undefined;
}

function lengthOf(field: ListField | undefined): number {
  return field?.path.length ?? 0;
}
