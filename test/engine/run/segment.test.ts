import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { outputFormat } from '../../../engine/encode/output-format.ts';
import { SegmentWriter } from '../../../engine/run/segment.ts';
import { blockOf, field, text } from '../encode/rows.ts';

const fields = [field('String', 'a'), field('String', 'b')];

test.each([
  ['CSV', 100],
  ['JSON', 100],
  // 800 of them are the columns'.
  ['PARQUET', 900],
] as const)('fragments of %s end alike with blocks and with rows', (fileType, fragmentBytes) => {
  const format = outputFormat({ fileType, fields, compression: 'UNCOMPRESSED' });
  const record = fc.record({ a: text, b: fc.oneof(text, fc.constant('日本語 – ÄÖÜ')), blocks: fc.boolean() });
  fc.assert(
    fc.property(fc.array(record, { maxLength: 40 }), (records) => {
      const segment = (asBlocks: (chosen: boolean) => boolean) => {
        const writer = new SegmentWriter(format, { fragmentRows: 1000, fragmentBytes });
        for (const { a, b, blocks } of records) {
          const block = asBlocks(blocks) && blockOf([[a, b]]);
          if (block) format.prepare(block);
          const list = block ? block.positions([0]) : 0;
          if (block && writer.hasRoom('', block, list, 1)) writer.appendBlock('', block, list, 1);
          else writer.append('', [a, b]);
        }
        return Buffer.concat(writer.finishSegment(undefined)?.body ?? []).toString('latin1');
      };
      const rows = segment(() => false);
      expect(segment(() => true)).toBe(rows);
      expect(segment((chosen) => chosen)).toBe(rows);
    }),
  );
});

test('a fragment ends when its bytes are as many as it may have, however few characters they are', () => {
  const writer = new SegmentWriter(outputFormat({ fileType: 'CSV', fields }), {
    fragmentRows: 1000,
    fragmentBytes: 26,
  });
  // 13 bytes each, 6 UTF-16 units.
  for (let row = 0; row < 5; row++) writer.append('', ['日本', '語é']);
  const { body, indexStart = 0 } = writer.finishSegment(undefined) ?? { body: [] };
  expect(JSON.parse(Buffer.concat(body).toString('utf8', indexStart)).entries).toMatchObject([
    { start: 0, end: 26, rows: 2 },
    { start: 26, end: 52, rows: 2 },
    { start: 52, end: 65, rows: 1 },
  ]);
});

test('every byte of a segment is in a range with its hash, and the index in one of its own', () => {
  const writer = new SegmentWriter(outputFormat({ fileType: 'CSV', fields }), {
    fragmentRows: 2,
    fragmentBytes: 1000,
  });
  for (let row = 0; row < 3; row++) writer.append('', ['a', `${row}`]);
  writer.quarantine('{"refused":1}\n');
  const finished = writer.finishSegment(['seen'], { text: '5 hash\n', since: 5 });
  if (!finished) throw new Error('there is a segment');
  const whole = Buffer.concat(finished.body);
  const hashOf = (start: number, end?: number) =>
    createHash('sha256').update(whole.subarray(start, end)).digest('hex');
  const index = JSON.parse(whole.toString('utf8', finished.indexStart));
  const ranges = [...index.entries, index.quarantined, index.ledger];
  expect(ranges).toMatchObject([
    { start: 0, end: 8, rows: 2, sha256: hashOf(0, 8) },
    { start: 8, end: 12, rows: 1, sha256: hashOf(8, 12) },
    { start: 12, end: 26, rows: 1, sha256: hashOf(12, 26) },
    { start: 26, end: 33, since: 5, sha256: hashOf(26, 33) },
  ]);
  expect(finished).toMatchObject({ size: whole.length, indexStart: 33, sha256: hashOf(33) });
});
