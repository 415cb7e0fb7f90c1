import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Page, Source, SourceField } from '#core';
import { dateText, dateTimeText } from '../../../connectors/jdbc/dates.ts';
import type { TextForm } from '../../../connectors/jdbc/dialect.ts';
import { parseJson } from '../../../connectors/jdbc/json.ts';
import { rowScanner } from '../../../connectors/jdbc/scan-rows.ts';
import type { Value } from '../../../core/records.ts';
import { s3Flow } from '../../support/flows.ts';
import { memoryHome } from '../../support/memory-home.ts';
import { dataRow } from './wire.ts';

interface Column {
  readonly field: SourceField;
  readonly form?: TextForm;
  readonly convert: (text: string) => Value;
  /** As PostgreSQL writes them. */
  readonly texts: readonly string[];
  /** Of which most make a record that is refused. */
  readonly odd?: readonly string[];
}

const integer = (text: string): Value => (Number.isSafeInteger(Number(text)) ? Number(text) : BigInt(text));
const asIs = (text: string): Value => text;
const columns: readonly Column[] = [
  {
    field: { name: 's', type: 'String' },
    form: 'text',
    convert: asIs,
    texts: ['', '2024-02-29', ' 2024-02-29T10:00:00+02:00'],
    odd: ['x', 'a "quoted", text\r\n', 'héllo', '😀', '7'],
  },
  {
    field: { name: 'b', type: 'Boolean' },
    form: 'boolean',
    convert: (text) => text === 't',
    texts: ['t', 'f'],
  },
  {
    field: { name: 'l', type: 'Long' },
    form: 'integer',
    convert: integer,
    texts: ['0', '-1', '100', '32767'],
    odd: ['40000', '9007199254740991', '9007199254740993', '-9223372036854775808'],
  },
  {
    field: { name: 'f', type: 'Double' },
    form: 'real',
    convert: Number,
    texts: ['0', '-0', '0.1', '-2.5', '100', '1e-07', '1e+20', '0.30000000000000004'],
    odd: ['NaN', 'Infinity'],
  },
  {
    field: { name: 'n', type: 'BigDecimal', precision: 12, scale: 2 },
    form: 'ascii',
    convert: asIs,
    texts: ['0.00', '10.50', '-1234567890.12'],
    odd: ['NaN'],
  },
  {
    field: { name: 'u', type: 'BigDecimal' },
    form: 'ascii',
    convert: asIs,
    texts: ['0.00', '10.50', '-12345678901234567890.125'],
    odd: ['NaN', 'Infinity'],
  },
  {
    field: { name: 'd', type: 'Date' },
    form: 'date',
    convert: dateText,
    texts: ['2024-02-29', '1999-12-31'],
    odd: ['infinity', '0044-03-15 BC'],
  },
  {
    field: { name: 't', type: 'DateTime', fractionDigits: 6 },
    form: 'dateTime',
    convert: dateTimeText,
    texts: ['2024-02-29 12:34:56', '1969-12-31 23:59:59.999999', '2024-02-29 12:34:56.5+00'],
    odd: ['-infinity'],
  },
  {
    field: { name: 'bytes', type: 'ByteArray' },
    convert: (text) => Buffer.from(text.slice(2), 'hex'),
    texts: ['\\x', '\\x00ff'],
  },
  {
    field: { name: 'j', type: 'Struct' },
    convert: (text) => parseJson(text) as Value,
    texts: ['{}', '{"a": [1, 12345678901234567890], "b": "é"}', 'null', '7'],
  },
];

type Texts = readonly (string | null)[];
const row: fc.Arbitrary<Texts> = fc.tuple(
  ...columns.map(({ texts, odd = texts }) =>
    fc.oneof(
      { weight: 40, arbitrary: fc.constantFrom(null, ...texts) },
      { weight: 1, arbitrary: fc.constantFrom(...odd) },
    ),
  ),
);

/** Reads one page of these rows. */
function sourceOf(read: (fields: readonly string[]) => Pick<Page, 'rows' | 'scanned'>): Source {
  return {
    describe: async () => ({
      fields: columns.map(({ field }) => field),
      splits: [{}],
      appliedFilters: [],
      appliesWindow: true,
    }),
    open: async ({ fields }) => ({
      read: async () => ({ ...read(fields), bytes: 1 }),
      close: async () => undefined,
    }),
    listEntities: async () => [],
    testConnection: async () => undefined,
  };
}

const indexesOf = (fields: readonly string[]): number[] =>
  fields.map((name) => columns.findIndex(({ field }) => field.name === name));

function asBytes(rows: readonly Texts[]): Source {
  return sourceOf((fields) => {
    const scanned = indexesOf(fields).map((column) => ({
      column,
      form: columns[column]?.form,
      convert: columns[column]?.convert ?? asIs,
    }));
    return rowScanner(columns.length, scanned)(Buffer.concat(rows.map(dataRow)), rows.length);
  });
}

function asTexts(rows: readonly Texts[]): Source {
  return sourceOf((fields) => ({
    rows: rows.map((texts) =>
      indexesOf(fields).map((column) => {
        const text = texts[column] ?? null;
        return text === null ? null : (columns[column]?.convert(text) ?? null);
      }),
    ),
  }));
}

const converted = (source: string, destination: string, type: string) => ({
  taskType: 'Map',
  sourceFields: [source],
  connectorOperator: { S3: 'NO_OP' },
  destinationField: destination,
  taskProperties: { DESTINATION_DATA_TYPE: type },
});
const tasks = [
  {
    taskType: 'Filter',
    sourceFields: ['l'],
    connectorOperator: { S3: 'NOT_EQUAL_TO' },
    taskProperties: { DATA_TYPE: 'long', VALUE: '100' },
  },
  {
    taskType: 'Merge',
    sourceFields: ['s', 'b', 'n'],
    connectorOperator: { S3: 'NO_OP' },
    destinationField: 'm',
    taskProperties: { CONCAT_FORMAT: '${s}-${b}-${n}' },
  },
  converted('m', 'merged', 'string'),
  converted('l', 'l as text', 'string'),
  converted('f', 'f as text', 'string'),
  converted('b', 'b as text', 'string'),
  converted('l', 'l as short', 'short'),
  converted('n', 'n as double', 'double'),
  converted('s', 's as date', 'date'),
  converted('t', 't as date', 'date'),
];

/** All files, and how many records are in them. */
async function filesOf(source: Source, output: NonNullable<Parameters<typeof s3Flow>[0]['output']>) {
  const home = memoryHome({ buckets: ['inbox', 'lake'], sources: { S3: source } });
  const fields = Object.fromEntries(columns.map(({ field: { name } }) => [name, name]));
  await home.run(s3Flow({ fields, tasks, output }));
  const files = home.objects.keys('lake').map((key) => [key, home.objects.stored('lake', key)?.body]);
  const { detail } = home.events.at(-1) ?? { detail: {} as Record<string, string> };
  const [processed, filtered, failed] = [
    'num-of-records-processed',
    'num-of-records-filtered',
    'num-of-record-failures',
  ].map((name) => Number(detail[name]));
  return { files, written: (processed ?? 0) - (filtered ?? 0) - (failed ?? 0) };
}

test.each([
  ['CSV', { fileType: 'CSV' }],
  ['JSON', { fileType: 'JSON' }],
  ['Parquet', { fileType: 'PARQUET' }],
  ['typed Parquet', { fileType: 'PARQUET', preserveSourceDataTyping: true }],
] as const)('rows as bytes make the %s files that they make as texts', async (_name, output) => {
  let written = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(row, { minLength: 10, maxLength: 20 }), async (rows) => {
      const made = await filesOf(asBytes(rows), output);
      written += made.written;
      expect(made).toEqual(await filesOf(asTexts(rows), output));
    }),
    { numRuns: 40 },
  );
  expect(written).toBeGreaterThan(100);
});
