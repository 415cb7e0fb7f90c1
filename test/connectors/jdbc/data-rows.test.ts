import { Buffer } from 'node:buffer';
import { PassThrough } from 'node:stream';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { dataRowsOf, valueBytesOf } from '../../../connectors/jdbc/data-rows.ts';
import { dataRow, message } from './wire.ts';

/** Sends the bytes in pieces of these lengths; the rest in one. */
function received(bytes: Buffer, lengths: readonly number[], longest?: number) {
  const stream = new PassThrough();
  const driver: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => driver.push(chunk));
  const rows: Buffer[] = [];
  const dataRows = dataRowsOf(stream);
  const refused: number[] = [];
  if (longest !== undefined) {
    dataRows?.giveTo({
      take: ({ bytes, start, end }) => rows.push(Buffer.from(bytes.subarray(start, end))),
      longest,
      refuse: (size) => refused.push(size),
    });
  }
  let at = 0;
  for (const length of [...lengths, bytes.length]) {
    stream.emit('data', Buffer.from(bytes.subarray(at, at + length)));
    at += length;
  }
  return { driver: Buffer.concat(driver), rows, refused };
}

const messages = fc.array(
  fc.oneof(
    fc
      .array(fc.option(fc.string({ unit: 'binary' })))
      .map((values) => ({ isRow: true, bytes: dataRow(values) })),
    fc
      .tuple(fc.constantFrom('1', '2', 'T', 'N', 'S', 'C', 'Z'), fc.uint8Array())
      .map(([type, body]) => ({ isRow: false, bytes: message(type, Buffer.from(body)) })),
  ),
);

test('rows are taken, all else is the driver’s, however the bytes are cut', () => {
  fc.assert(
    fc.property(messages, fc.array(fc.nat(20)), (messages, lengths) => {
      const bytes = Buffer.concat(messages.map(({ bytes }) => bytes));
      const rows = messages.filter(({ isRow }) => isRow).map(({ bytes }) => bytes);
      const others = messages.filter(({ isRow }) => !isRow).map(({ bytes }) => bytes);
      expect(received(bytes, lengths, 10_000)).toEqual({ driver: Buffer.concat(others), rows, refused: [] });
      expect(received(bytes, lengths)).toEqual({ driver: bytes, rows: [], refused: [] });
    }),
  );
});

test('a row that is too long is refused as soon as its length has come', () => {
  const [short, long] = [dataRow(['ab']), dataRow(['abc'])];
  expect(short.length).toBe(13);
  const head = long.subarray(0, 5);
  expect(received(Buffer.concat([short, head]), [], 13)).toMatchObject({ rows: [short], refused: [14] });
  expect(received(Buffer.concat([short, head.subarray(0, 4)]), [], 13)).toMatchObject({ refused: [] });
});

test('of a driver that does not listen nothing is taken', () => {
  const stream = new PassThrough();
  expect(dataRowsOf(stream)).toBe(undefined);
  expect(stream.listenerCount('data')).toBe(0);
});

test('the bytes of a row’s values', () => {
  const bytes = dataRow(['héllo', null, '', '7']);
  expect(valueBytesOf({ bytes, start: 0, end: bytes.length }, 4)).toBe(7);
});
