import { Readable } from 'node:stream';
import { expect, it } from 'vitest';
import { parseNestedType } from '../../../core/hive-type.ts';
import { type OutputRecord, readRecords } from '../../../engine/compare/read-records.ts';
import { outputFormat } from '../../../engine/encode/output-format.ts';
import { encode, field } from '../encode/rows.ts';

it('shows nested Parquet columns as JSON, numbers with all their digits', async () => {
  const fields = [
    field('Long', 'n'),
    parseNestedType(
      'f',
      'struct<id:bigint,at:timestamp,day:date,list:array<struct<x:double>>,map:map<string,bigint>>',
    ),
  ];
  const bytes = encode(outputFormat({ fileType: 'PARQUET', fields }), [
    [
      [
        2n ** 60n,
        {
          id: 2n ** 60n + 1n,
          at: '2026-02-03T10:15:00Z',
          day: '2026-02-03',
          list: [{ x: 0.5 }, { x: null }],
          map: { a: 1, b: null },
        },
      ],
      [null, null],
    ],
  ]);
  const file = {
    name: 'a.parquet',
    size: bytes.length,
    stream: async () => Readable.from([bytes]),
    read: async (start: number, end: number) => bytes.subarray(start, end),
  };
  const records: OutputRecord[] = [];
  for await (const record of readRecords(file, { fileType: 'PARQUET', partitionFields: [] }))
    records.push(record);
  expect(records).toEqual([
    {
      n: '1152921504606846976',
      f: '{"id":1152921504606846977,"at":"2026-02-03T10:15:00.000Z","day":"2026-02-03","list":[{"x":0.5},{"x":null}],"map":{"a":1,"b":null}}',
    },
    { n: 'null', f: 'null' },
  ]);
});
