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
        return writer.finishSegment(undefined)?.body.toString('latin1');
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
  const { body, indexStart } = writer.finishSegment(undefined) ?? { body: Buffer.alloc(0), indexStart: 0 };
  expect(JSON.parse(body.toString('utf8', indexStart)).entries).toMatchObject([
    { start: 0, end: 26, rows: 2 },
    { start: 26, end: 52, rows: 2 },
    { start: 52, end: 65, rows: 1 },
  ]);
});
