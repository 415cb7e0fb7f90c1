/** Records by columns, as the cells that wasm/vectors.ts makes: values on their way from a page's bytes to a file. */

import { cellBytes } from '../core/decode/record-scanner.ts';
import { cellKind, type ScannedRecords } from '../core/decode/scanned-records.ts';
import type { Row, Value } from '../core/records.ts';

/** The kind of a cell whose value only JavaScript has; the others are those of {@link cellKind}. */
const valueKind = 15;
/** Room behind what is written sixteen bytes at a time. */
const slack = 32;
/** A block's records have no more bytes together; one alone may not either. */
const maxBytes = 2 ** 20;
const maxRecords = 4096;
const maxCells = 2 ** 16;

/** What a vector's values become or have to be: the numbers of wasm/vectors.ts. */
export const cellType = {
  text: 0,
  boolean: 1,
  integer: 2,
  real: 3,
  time: 4,
  date: 5,
  single: 6,
  spelledNumber: 7,
  spelledInteger: 8,
  spelledBoolean: 9,
  /** None that is not null. */
  none: 10,
  microTime: 11,
  /** A text or a number that `asDecimal` leaves as it is. */
  spelledDecimal: 12,
  /** A text that is all digits of a decimal number; the limit is 64 times its precision, plus its scale. */
  decimal: 13,
} as const;

/**
 * How many of a page's records from `first` on make a block.
 *
 * @param columns of the output @returns 0 if the first one is too long for any
 */
export function blockLength(records: ScannedRecords, first: number, end: number, columns: number): number {
  const most = Math.min(end - first, maxRecords, Math.max(16, Math.floor(maxCells / Math.max(1, columns))));
  const cells = cellBytes * (records.firstCell + first * records.fields);
  return records.kernels.recordsWithin(cells, records.fields, most, maxBytes);
}

/** Lies in the page's memory, and is valid until the next block is made of that page or another one is read. */
export class Block {
  readonly records: ScannedRecords;
  /** By position, 1 for a record that has to be mapped and written as a row: that tells what is wrong with it. */
  readonly refused: Uint8Array;
  /** By column, the address of its vector. */
  readonly vectors: number[] = [];
  /** By column, whether a file's form of some value has to be made of the value, and not of its cell. */
  readonly mixed: boolean[] = [];
  /** A list of the page's records, an int for each: a record's *position* in the block is its place there. */
  readonly selection: number;
  /** For kernels that list positions. */
  readonly list: number;
  /** By position, a byte that is 0 for a record to be left out. */
  readonly flags: number;
  /** All positions. */
  readonly all: number;
  /** Where what the file format has prepared lies. */
  prepared = 0;
  private readonly values: Value[] = [];
  private top: number;
  private selected: number;

  /** Of the page's records [first, end). */
  constructor(records: ScannedRecords, first: number, end: number) {
    const count = end - first;
    this.records = records;
    this.selected = count;
    this.refused = new Uint8Array(count);
    this.top = records.end;
    this.selection = this.reserve(4 * count);
    this.list = this.reserve(4 * count);
    this.all = this.reserve(4 * count);
    this.flags = this.reserve(count);
    records.kernels.putRange(this.selection, first, count);
    records.kernels.putRange(this.all, 0, count);
  }

  get count(): number {
    return this.selected;
  }

  /** The page's record at a position. */
  record(position: number): number {
    return this.records.memory.places[this.selection / 4 + position] ?? 0;
  }

  /** The cell of that record's first field. */
  firstCell(position: number): number {
    const { firstCell, fields } = this.records;
    return firstCell + this.record(position) * fields;
  }

  flag(position: number, isGood: boolean): void {
    this.records.memory.bytes[this.flags + position] = Number(isGood);
  }

  /** Leaves out the records whose flags are 0. Only before vectors are made or records refused. @returns how many they were */
  dropUnflagged(): number {
    const before = this.selected;
    this.selected = this.records.kernels.keep(this.selection, before, this.flags);
    return before - this.selected;
  }

  refuseUnflagged(): void {
    const flags = this.records.memory.bytes.subarray(this.flags, this.flags + this.selected);
    for (let at = flags.indexOf(0); at >= 0; at = flags.indexOf(0, at + 1)) this.refused[at] = 1;
  }

  /** @returns an address, a multiple of 16; views of the memory have to be made anew */
  reserve(bytes: number): number {
    const start = Math.ceil(this.top / cellBytes) * cellBytes;
    this.top = start + bytes;
    this.records.memory.ensure(this.top + slack);
    return start;
  }

  newVector(): number {
    return this.reserve(cellBytes * this.count);
  }

  /** Room for texts; {@link endRoom} says what was used of it. @param most default: as many bytes as the block's records have */
  beginRoom(most = maxBytes): number {
    const start = this.reserve(0);
    this.records.memory.ensure(start + most + slack);
    return start;
  }

  endRoom(end: number): void {
    this.top = end;
  }

  /** The positions in a list. Default: that of kernels */
  listed(count: number, list: number = this.list): readonly number[] {
    const { places } = this.records.memory;
    const positions: number[] = [];
    for (let index = list / 4; index < list / 4 + count; index++) positions.push(places[index] ?? 0);
    return positions;
  }

  /** Puts positions where kernels can read them. */
  positions(list: readonly number[]): number {
    const start = this.reserve(4 * list.length);
    this.records.memory.places.set(list, start / 4);
    return start;
  }

  /** The kind, and for texts also numbers and booleans the bytes, of a cell. */
  cellAt(vector: number, position: number): { kind: number; start: number; end: number } {
    const at = vector / 4 + 4 * position;
    const { places } = this.records.memory;
    const place = places[at + 1] ?? 0;
    const start = places[at] ?? 0;
    return { kind: place & 15, start, end: start + (place >>> 4) };
  }

  value(vector: number, position: number): Value {
    const { bytes, numbers } = this.records.memory;
    const { kind, start, end } = this.cellAt(vector, position);
    switch (kind) {
      case cellKind.true:
        return true;
      case cellKind.false:
        return false;
      case cellKind.number:
        return numbers[vector / 8 + 2 * position + 1] ?? 0;
      case cellKind.ascii:
        return bytes.toString('latin1', start, end);
      case cellKind.utf8:
        return bytes.toString('utf8', start, end);
      case valueKind:
        return this.values[numbers[vector / 8 + 2 * position + 1] ?? 0] ?? null;
      default:
        return null;
    }
  }

  /** Of a vector's texts, of all positions or of those in a list. */
  textBytes(vector: number, positions: number = this.all, count: number = this.count): number {
    return this.records.kernels.textBytes(vector, positions, count);
  }

  row(position: number): Row {
    return this.vectors.map((vector) => this.value(vector, position));
  }

  put(vector: number, position: number, value: Value): void {
    if (typeof value === 'string' && this.putText(vector, position, value)) return;
    const { places, numbers } = this.records.memory;
    const at = vector / 4 + 4 * position;
    let kind: number = valueKind;
    if (value === null) kind = cellKind.null;
    else if (typeof value === 'boolean') kind = value ? cellKind.true : cellKind.false;
    else if (typeof value === 'number') kind = cellKind.number;
    places[at] = 0;
    places[at + 1] = kind;
    if (kind === cellKind.number) numbers[at / 2 + 1] = Number(value);
    else if (kind === valueKind) numbers[at / 2 + 1] = this.values.push(value) - 1;
  }

  private putText(vector: number, position: number, text: string): boolean {
    const written = this.write(text);
    if (!written) return false;
    const { start, length } = written;
    const { places } = this.records.memory;
    const at = vector / 4 + 4 * position;
    places[at] = start;
    places[at + 1] = 16 * length + (length === text.length ? cellKind.ascii : cellKind.utf8);
    return true;
  }

  /** Gives a cell that is not null other bytes; its value stays. @returns false for a lone surrogate, which has none in UTF-8 */
  spell(vector: number, position: number, text: string): boolean {
    const written = this.write(text);
    if (!written) return false;
    const { places } = this.records.memory;
    const at = vector / 4 + 4 * position;
    places[at] = written.start;
    places[at + 1] = 16 * written.length + ((places[at + 1] ?? 0) & 15);
    return true;
  }

  /** Puts a text into the memory. `undefined`: it has a lone surrogate */
  write(text: string): { start: number; length: number } | undefined {
    if (loneSurrogate.test(text)) return undefined;
    const start = this.reserve(0);
    this.records.memory.ensure(start + 3 * text.length + slack);
    const length = this.records.memory.bytes.write(text, start);
    this.top = start + length;
    return { start, length };
  }
}

const loneSurrogate = /\p{Surrogate}/u;
