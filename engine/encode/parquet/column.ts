import { cellKind } from '../../../core/decode/scanned-records.ts';
import type { DestinationField, Value } from '../../../core/records.ts';
import { type Cell, cellValue } from '../../cell.ts';
import type { Codec } from './compression.ts';
import { hybrid, run } from './hybrid.ts';
import { i32, struct, type ThriftValue, thriftBytes } from './thrift.ts';
import { pageBytes, pageRows, plain, rle, type Values } from './values.ts';

/** A column of one row group. A row is staged in all columns before it is pushed to any, so that a row is kept whole. */
export interface Column {
  /** @throws RefusedValue if the value is not of the field's type */
  stage(value: Value): void;
  /** `stage` of a cell, which must not change before it is pushed. */
  stageCell(cell: Cell): void;
  /** Bytes of the staged value if it is written out, roughly. */
  stagedSize(): number;
  /** Adds the staged value. @returns the bytes that takes, roughly and before compression */
  push(): number;
  finish(): ColumnChunk;
}

export interface ColumnChunk {
  readonly pages: readonly Uint8Array[];
  readonly meta: ChunkMeta;
}

/** What the footer says of a column chunk, as JSON; offsets count from the chunk's beginning. */
export type ChunkMeta = {
  /** Of the dictionary page, which comes first, if there is one. */
  readonly dictionaryLength?: number;
  /** Of all pages. */
  readonly length: number;
  readonly uncompressedLength: number;
  readonly nulls: number;
  /** Base64. */
  readonly min?: string;
  readonly max?: string;
};

/** How the values of a column are held. */
export interface Storage<T> {
  /** A non-null value as the pages hold it. @throws RefusedValue if it is not of the field's type */
  convert(value: Value, field: DestinationField): T;
  /** The same of a cell that is not null, if that can be told from its bytes. */
  fromCell?(cell: Cell): T | undefined;
  /** @param endPage may be called before a value is added */
  newValues(endPage: () => void): Values<T>;
}

export function column<T>(
  { convert, fromCell, newValues }: Storage<T>,
  field: DestinationField,
  codec: Codec,
): Column {
  const values = newValues(endPage);
  const pages: Uint8Array[] = [];
  let length = 0;
  let uncompressedLength = 0;
  let staged: T | undefined;
  let nulls = 0;
  let rows = 0;
  let bytes = 0;
  /** 1 for a value, 0 for none; not there while the page has no null. */
  let levels: Uint8Array | undefined;

  function addLevel(level: 0 | 1): void {
    if (levels === undefined) {
      if (level === 1) {
        rows++;
        return;
      }
      levels = new Uint8Array(Math.max(8, rows + 1)).fill(1, 0, rows);
    } else if (rows === levels.length) {
      const grown = new Uint8Array(2 * rows);
      grown.set(levels);
      levels = grown;
    }
    levels[rows++] = level;
  }

  function endPage(): void {
    if (rows === 0) return;
    const definition = levels ? hybrid(levels, rows, 1) : run(1, rows);
    const { encoding, bytes: content } = values.take();
    const head = Buffer.alloc(4);
    head.writeUInt32LE(definition.length);
    const header = { 1: i32(rows), 2: i32(encoding), 3: i32(rle), 4: i32(rle) };
    pages.push(...page(0, { 5: struct(header) }, Buffer.concat([head, definition, content])));
    rows = 0;
    bytes = 0;
    levels = undefined;
  }

  /** A page's header and its compressed body. */
  function page(
    type: number,
    header: Record<number, ThriftValue>,
    body: Uint8Array,
  ): [Uint8Array, Uint8Array] {
    const compressed = codec.compress(body);
    const fields = { 1: i32(type), 2: i32(body.length), 3: i32(compressed.length), ...header };
    const headerBytes = thriftBytes(struct(fields));
    length += headerBytes.length + compressed.length;
    uncompressedLength += headerBytes.length + body.length;
    return [headerBytes, compressed];
  }

  return {
    stage(value) {
      staged = value === null ? undefined : convert(value, field);
    },
    stageCell(cell) {
      staged =
        cell.kind === cellKind.null ? undefined : (fromCell?.(cell) ?? convert(cellValue(cell), field));
    },
    stagedSize: () => (staged === undefined ? 0 : values.sizeOf(staged)),
    push() {
      let added = 0;
      if (staged === undefined) {
        nulls++;
        addLevel(0);
      } else {
        added = values.add(staged);
        addLevel(1);
        bytes += added;
      }
      if (bytes >= pageBytes || rows === pageRows) endPage();
      return added;
    },
    finish() {
      endPage();
      const dictionary = values.dictionary();
      let dictionaryLength: number | undefined;
      if (dictionary) {
        const before = length;
        const header = { 1: i32(dictionary.count), 2: i32(plain) };
        pages.unshift(...page(2, { 7: struct(header) }, dictionary.bytes));
        dictionaryLength = length - before;
      }
      const bounds = values.bounds();
      return {
        pages,
        meta: {
          ...(dictionaryLength !== undefined && { dictionaryLength }),
          length,
          uncompressedLength,
          nulls,
          ...(bounds && { min: base64(bounds.min), max: base64(bounds.max) }),
        },
      };
    },
  };
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64');
}
