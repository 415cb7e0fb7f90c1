import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Source } from '#core';
import { createAmazonS3 } from '../../../connectors/amazon-s3/source.ts';
import { s3Flow } from '../../support/flows.ts';
import { memoryHome } from '../../support/memory-home.ts';

const source = createAmazonS3({ pageBytes: 2048 });

/** The same pages, of which nothing is offered but rows. */
const asRows: Source = {
  ...source,
  async open(...asked) {
    const session = await source.open(...asked);
    return {
      ...session,
      async read(token) {
        const { scanned: _, rows, ...page } = await session.read(token);
        return { ...page, rows };
      },
    };
  },
};

const tasks = [
  {
    taskType: 'Filter',
    sourceFields: ['n'],
    connectorOperator: { S3: 'GREATER_THAN' },
    taskProperties: { DATA_TYPE: 'double', VALUE: '0' },
  },
  {
    taskType: 'Validate',
    sourceFields: ['a'],
    connectorOperator: { S3: 'VALIDATE_NON_NULL' },
    taskProperties: { VALIDATION_ACTION: 'DropRecord' },
  },
  {
    taskType: 'Map',
    sourceFields: ['n'],
    connectorOperator: { S3: 'NO_OP' },
    destinationField: 'short',
    taskProperties: { DESTINATION_DATA_TYPE: 'short' },
  },
];

const record = fc.record({
  a: fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom('x', 'y', 'é', 'a "quoted", text\n', '') },
    { weight: 1, arbitrary: fc.constant(null) },
  ),
  // Some are filtered, some are no Short.
  n: fc.oneof({ weight: 12, arbitrary: fc.integer({ min: -2, max: 30 }) }, fc.constantFrom(40_000, 1.5)),
  p: fc.oneof(
    { weight: 20, arbitrary: fc.constantFrom('one', 'two', 'three') },
    fc.constant('long'.repeat(80)),
  ),
});

/** All that a run leaves in its buckets, segments in their order too, and what it says of it. */
async function outcome(
  s3: Source,
  lines: string,
  output: NonNullable<Parameters<typeof s3Flow>[0]['output']>,
) {
  const home = memoryHome({
    buckets: ['inbox', 'lake'],
    sources: { S3: s3 },
    sizes: { fragmentRows: 10, segmentPages: 3 },
  });
  await home.objects.put('inbox', 'in/1', lines);
  const flow = s3Flow({ input: 'JSON', fields: { a: 'a', n: 'n', p: 'p' }, tasks, partition: ['p'], output });
  await home.run(flow);
  const files = home.objects.keys('lake').map((key) => [key, home.objects.stored('lake', key)?.body]);
  return { files, detail: home.events.at(-1)?.detail };
}

test.each([
  ['CSV', { fileType: 'CSV' }],
  ['JSON', { fileType: 'JSON' }],
  ['typed Parquet', { fileType: 'PARQUET', preserveSourceDataTyping: true }],
] as const)(
  'blocks make the %s files that rows make, wherever fragments and segments end',
  async (_name, output) => {
    let files = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(record, { minLength: 100, maxLength: 400 }), async (records) => {
        const lines = records.map((one) => `${JSON.stringify(one)}\n`).join('');
        const made = await outcome(source, lines, output);
        files += made.files.length;
        expect(made).toEqual(await outcome(asRows, lines, output));
      }),
      { numRuns: 15 },
    );
    expect(files).toBeGreaterThan(30);
  },
);
