/**
 * PostgreSQL's rows as bytes. The driver makes a string of each value, which takes longer than the server needs to send it:
 * so rows that are wanted as bytes are taken from the connection before the driver sees them. All else is the driver's.
 * The format of messages: https://www.postgresql.org/docs/current/protocol-message-formats.html.
 */

import type { Duplex } from 'node:stream';
import type { WireRow } from './dialect.ts';

const dataRow = 0x44;
/** Of a message: its type, then the length of what follows the type. */
const headBytes = 5;

/** Must not throw. */
export interface RowTaker {
  /** The row is valid while this runs. */
  take(row: WireRow): void;
  /** Bytes that a row may have. */
  readonly longest: number;
  /** A larger one has begun to come: the connection is of no more use. */
  refuse(bytes: number): void;
}

export interface DataRows {
  /** Says who gets the rows from now on; `undefined`: the driver. */
  giveTo(taker: RowTaker | undefined): void;
}

/**
 * @param stream between two answers of the server
 * @returns `undefined` if the driver does not listen to it: another version may read in another way
 */
export function dataRowsOf(stream: Duplex): DataRows | undefined {
  const driver = stream.listeners('data');
  if (driver.length === 0) return undefined;
  stream.removeAllListeners('data');
  let taker: RowTaker | undefined;
  /** The beginning of a message whose end has not come. */
  let pieces: Buffer[] = [];
  let held = 0;
  /** Bytes that there must be before something can be done. */
  let wanted = headBytes;

  function pass(bytes: Buffer, start: number, end: number): void {
    if (end > start) for (const listener of driver) listener.call(stream, bytes.subarray(start, end));
  }

  /** @returns where the first message begins that is not complete; `wanted` of it; -1: a row was refused */
  function split(bytes: Buffer, start: number): number {
    const row = { bytes, start: 0, end: 0 };
    let passed = start;
    let at = start;
    wanted = headBytes;
    while (at + headBytes <= bytes.length) {
      const end = at + 1 + bytes.readUInt32BE(at + 1);
      const to = bytes[at] === dataRow ? taker : undefined;
      if (to && end - at > to.longest) {
        to.refuse(end - at);
        return -1;
      }
      if (end > bytes.length) {
        wanted = end - at;
        break;
      }
      if (to) {
        pass(bytes, passed, at);
        row.start = at;
        row.end = end;
        to.take(row);
        passed = end;
      }
      at = end;
    }
    pass(bytes, passed, at);
    return at;
  }

  stream.on('data', (chunk: Buffer) => {
    let from = 0;
    // First the message that began before, by itself: what comes behind it need not be copied.
    while (held > 0) {
      const piece = chunk.subarray(from, from + wanted - held);
      pieces.push(piece);
      held += piece.length;
      from += piece.length;
      if (held < wanted) return;
      const begun = Buffer.concat(pieces);
      const end = split(begun, 0);
      if (end < 0) return;
      pieces = end === 0 ? [begun] : [];
      held = end === 0 ? held : 0;
    }
    const end = split(chunk, from);
    if (end < 0 || end === chunk.length) return;
    pieces = [chunk.subarray(end)];
    held = chunk.length - end;
  });

  return {
    giveTo(next) {
      taker = next;
    },
  };
}

const rowHeadBytes = headBytes + 2;
const lengthBytes = 4;

/** Bytes of a row's values. */
export function valueBytesOf({ start, end }: WireRow, columns: number): number {
  return end - start - rowHeadBytes - columns * lengthBytes;
}

/** Where a row's values begin, and how long they are; -1: null. @returns where the row ends */
export function findValues(bytes: Buffer, start: number, begins: Int32Array, lengths: Int32Array): number {
  let at = start + rowHeadBytes;
  for (let column = 0; column < begins.length; column++) {
    const length = bytes.readInt32BE(at);
    at += lengthBytes;
    begins[column] = at;
    lengths[column] = length;
    if (length > 0) at += length;
  }
  return at;
}
