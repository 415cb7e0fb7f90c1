/**
 * PostgreSQL's rows as bytes. The driver makes a string of each value, which takes longer than the server needs to send it:
 * so rows that are wanted as bytes are taken from the connection before the driver sees them. All else is the driver's.
 * The format of messages: https://www.postgresql.org/docs/current/protocol-message-formats.html.
 */

import type { Duplex } from 'node:stream';
import { pageMemory } from '../../core/decode/page-memory.ts';
import { newKernels } from '../../core/kernels.ts';
import type { WantedRows, WireRows } from './dialect.ts';

const dataRow = 0x44;
/** Of a message: its type, then the length of what follows the type. */
const headBytes = 5;
const rowHeadBytes = headBytes + 2;
const lengthBytes = 4;
const maxInt = 2 ** 31 - 1;
/** Memory is asked for in such steps. */
const growBytes = 2 ** 20;

export interface DataRows {
  /**
   * Takes the rows that come from now on.
   *
   * @param refuse called when a longer row than wanted has begun to come: the connection is of no more use. Must not throw
   */
  begin(wanted: WantedRows, refuse: (bytes: number) => void): void;
  /** Gives all that comes to the driver again. @returns what was taken */
  end(): WireRows;
}

/**
 * @param stream between two answers of the server; what it hands out need not stay
 * @returns `undefined` if the driver does not listen to it: another version may read in another way
 */
export function dataRowsOf(stream: Duplex): DataRows | undefined {
  const driver = stream.listeners('data');
  if (driver.length === 0) return undefined;
  stream.removeAllListeners('data');
  const kernels = newKernels();
  // What comes lies in one piece: the rows taken, then what may not be complete yet.
  const memory = pageMemory(kernels);
  const start = kernels.heapStart();
  let at = start;
  let end = start;
  let taking: { readonly wanted: WantedRows; refuse(bytes: number): void } | undefined;
  let taken = newRows();
  let isRefused = false;

  function newRows() {
    return { count: 0, valueBytes: 0, last: start, end: start, more: false };
  }

  /** [at, to) is of no more use. */
  function remove(to: number): void {
    memory.bytes.copyWithin(at, to, end);
    end -= to - at;
  }

  function takeRows({ columns, rows, bytes, longest }: WantedRows): void {
    const overhead = rowHeadBytes + columns * lengthBytes;
    const most = Math.min(longest, maxInt);
    if (taken.count < rows && taken.valueBytes <= bytes) {
      at = kernels.passRows(at, end, rows - taken.count, bytes - taken.valueBytes, overhead, most);
      if (kernels.passedRows.value > 0) taken.last = kernels.lastRow.value;
      taken.count += kernels.passedRows.value;
      taken.valueBytes += kernels.passedBytes.value;
      taken.end = at;
      if (taken.count < rows && taken.valueBytes <= bytes) return;
    }
    if (!taken.more) {
      at = kernels.passRows(at, end, 1, maxInt, 0, most);
      taken.more = at > taken.end;
    }
    remove(kernels.passRows(at, end, maxInt, maxInt, 0, most));
  }

  /** Gives the driver the messages that begin here, none of them a row that is taken. @returns whether there were any */
  function passOthers(): boolean {
    const { bytes } = memory;
    let to = at;
    while (to + headBytes <= end) {
      const size = 1 + bytes.readUInt32BE(to + 1);
      if (taking && bytes[to] === dataRow) {
        isRefused = size > taking.wanted.longest;
        if (isRefused) taking.refuse(size);
        break;
      }
      if (to + size > end) break;
      to += size;
    }
    if (to === at) return false;
    const messages = Buffer.from(bytes.subarray(at, to));
    remove(to);
    for (const listener of driver) listener.call(stream, messages);
    return true;
  }

  stream.on('data', (chunk: Buffer) => {
    if (isRefused) return;
    if (end + chunk.length > memory.bytes.length) memory.ensure(end + chunk.length + growBytes);
    memory.bytes.set(chunk, end);
    end += chunk.length;
    let passed = true;
    while (passed && !isRefused) {
      if (taking) takeRows(taking.wanted);
      passed = passOthers();
    }
  });

  return {
    begin(wanted, refuse) {
      memory.bytes.copyWithin(start, at, end);
      end -= at - start;
      at = start;
      taking = { wanted, refuse };
      taken = newRows();
    },
    end() {
      taking = undefined;
      const { count, valueBytes, more, ...places } = taken;
      const bytesEnd = at;
      return {
        count,
        valueBytes,
        more,
        last: places.last - start,
        end: places.end - start,
        get bytes() {
          return memory.bytes.subarray(start, bytesEnd);
        },
      };
    },
  };
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
