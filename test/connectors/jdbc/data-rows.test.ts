import { Buffer } from 'node:buffer';
import { PassThrough } from 'node:stream';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { dataRowsOf } from '../../../connectors/jdbc/data-rows.ts';
import type { WantedRows } from '../../../connectors/jdbc/dialect.ts';
import { dataRow, message } from './wire.ts';

const all: WantedRows = { columns: 1, rows: 1000, bytes: 1e6, longest: 10_000 };

/** A server that sends bytes in pieces of these lengths, and what the driver gets of them. */
function connection(lengths: readonly number[] = []) {
  const stream = new PassThrough();
  const driver: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => driver.push(chunk));
  const dataRows = dataRowsOf(stream);
  if (!dataRows) throw new Error('nobody listens');
  const refused: number[] = [];
  return {
    refused,
    driver: () => Buffer.concat(driver),
    begin: (wanted: WantedRows) => dataRows.begin(wanted, (bytes) => refused.push(bytes)),
    end: () => {
      const { bytes, ...rows } = dataRows.end();
      return { ...rows, bytes: Buffer.from(bytes) };
    },
    send(bytes: Buffer) {
      let at = 0;
      for (const length of [...lengths, bytes.length]) {
        stream.emit('data', Buffer.from(bytes.subarray(at, at + length)));
        at += length;
      }
    },
  };
}

interface Message {
  readonly isRow: boolean;
  readonly bytes: Buffer;
}
const messages: fc.Arbitrary<readonly Message[]> = fc.array(
  fc.oneof(
    fc.option(fc.string({ unit: 'binary' })).map((value) => ({ isRow: true, bytes: dataRow([value]) })),
    fc
      .tuple(fc.constantFrom('1', '2', 'T', 'N', 'S', 'C', 'Z'), fc.uint8Array())
      .map(([type, body]) => ({ isRow: false, bytes: message(type, Buffer.from(body)) })),
  ),
);
const joined = (messages: readonly Message[]): Buffer => Buffer.concat(messages.map(({ bytes }) => bytes));
const ofRows = (messages: readonly Message[]) => messages.filter(({ isRow }) => isRow);
const ofOthers = (messages: readonly Message[]) => messages.filter(({ isRow }) => !isRow);

test('rows are taken, all else is the driver’s, however the bytes are cut', () => {
  fc.assert(
    fc.property(messages, messages, fc.array(fc.nat(20)), (some, more, lengths) => {
      const { begin, end, send, driver, refused } = connection(lengths);
      const parts = [some, more, some, more];
      const taken = parts.map((part, index) => {
        // Two statements whose rows are taken, between two whose rows are the driver's.
        if (index % 2 === 0) begin(all);
        send(joined(part));
        return index % 2 === 0 ? end().bytes : Buffer.alloc(0);
      });
      expect(taken).toEqual([joined(ofRows(some)), Buffer.alloc(0), joined(ofRows(some)), Buffer.alloc(0)]);
      expect(driver()).toEqual(joined([...ofOthers(some), ...more, ...ofOthers(some), ...more]));
      expect(refused).toEqual([]);
    }),
  );
});

test('a page ends with so many rows, or when their values have too many bytes; of the others the first is kept', () => {
  fc.assert(
    fc.property(messages, fc.array(fc.nat(20)), fc.nat(6), fc.nat(40), (some, lengths, limit, bytes) => {
      const { begin, end, send, driver } = connection(lengths);
      const rows = ofRows(some);
      begin({ ...all, rows: limit + 1, bytes });
      send(joined(some));
      let valueBytes = 0;
      let count = 0;
      while (count < Math.min(rows.length, limit + 1) && valueBytes <= bytes)
        valueBytes += (rows[count++]?.bytes.length ?? 0) - 11;
      const kept = rows.slice(0, count);
      expect(end()).toEqual({
        count,
        valueBytes,
        last: joined(kept.slice(0, -1)).length,
        end: joined(kept).length,
        bytes: joined(rows.slice(0, count + 1)),
        more: rows.length > count,
      });
      expect(driver()).toEqual(joined(ofOthers(some)));
    }),
  );
});

test('what has come of a message when rows are wanted, or no more wanted, is read with the rest of it', () => {
  const { begin, end, send, driver } = connection();
  const notice = message('N', Buffer.from('a notice'));
  send(notice.subarray(0, 3));
  begin(all);
  send(Buffer.concat([notice.subarray(3), dataRow(['a']), notice.subarray(0, 9)]));
  expect(end().bytes).toEqual(dataRow(['a']));
  send(notice.subarray(9));
  begin(all);
  send(dataRow(['b']));
  expect(end()).toMatchObject({ bytes: dataRow(['b']), count: 1 });
  expect(driver()).toEqual(Buffer.concat([notice, notice]));
});

test('a row that is too long is refused as soon as its length has come', () => {
  const [short, long] = [dataRow(['ab']), dataRow(['abc'])];
  expect(short.length).toBe(13);
  const head = long.subarray(0, 5);
  const received = (bytes: Buffer, rows = 1000) => {
    const { begin, end, send, driver, refused } = connection();
    begin({ ...all, rows, longest: 13 });
    send(Buffer.concat([short, bytes]));
    send(dataRow(['c']));
    return { refused, count: end().count, driver: driver().length };
  };
  expect(received(head)).toEqual({ refused: [14], count: 1, driver: 0 });
  expect(received(head, 1)).toEqual({ refused: [14], count: 1, driver: 0 });
  expect(received(head.subarray(0, 4)).count).toBe(1);
});

test('of a driver that does not listen nothing is taken', () => {
  const stream = new PassThrough();
  expect(dataRowsOf(stream)).toBe(undefined);
  expect(stream.listenerCount('data')).toBe(0);
});
