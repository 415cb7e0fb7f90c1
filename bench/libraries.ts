/**
 * The straightforward pipelines of libraries for files: `node libraries.mjs READER WRITER INPUT OUTPUT`. Prints the usage and the count, as
 * JSON.
 */

import { createReadStream, createWriteStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { parse } from 'csv-parse';
import { stringify } from 'csv-stringify';
import { isKept, mapped, type Source, typed, types, writeParquet } from './mapped.ts';
import { csvColumns } from './records.ts';
import { ownUsage } from './usage.ts';

type CsvRow = Readonly<Record<(typeof csvColumns)[number], string | null>>;

let count = 0;

async function* sources(file: string): AsyncGenerator<Source> {
  for await (const line of createInterface({ input: createReadStream(file) })) {
    const record = JSON.parse(line) as Source;
    if (!isKept(record)) continue;
    count++;
    yield record;
  }
}

async function* csvRows(file: string): AsyncGenerator<CsvRow> {
  const parser = createReadStream(file).pipe(parse({ columns: true, cast: (value) => value || null }));
  for await (const row of parser) {
    count++;
    yield row as CsvRow;
  }
}

async function* made<In, Out>(records: AsyncIterable<In>, make: (record: In) => Out): AsyncGenerator<Out> {
  for await (const record of records) yield make(record);
}

async function all<T>(records: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const record of records) found.push(record);
  return found;
}

async function write<Row extends object>(
  writer: 'csv' | 'json',
  rows: AsyncIterable<Row>,
  file: string,
): Promise<void> {
  const output = createWriteStream(file);
  // Else it writes 1 for true and nothing for false.
  const csv = () => stringify({ header: true, cast: { boolean: String } });
  if (writer === 'csv') await pipeline(Readable.from(rows), csv(), output);
  else
    await pipeline(
      made(rows, (row) => `${JSON.stringify(row)}\n`),
      output,
    );
}

const [reader, writer, input = '', output = ''] = process.argv.slice(2);
switch (`${reader} ${writer}`) {
  case 'json parquet':
    await writeParquet(output, await all(made(sources(input), typed)), types);
    break;
  case 'csv parquet': {
    const strings = Object.fromEntries(csvColumns.map((name) => [name, 'STRING' as const]));
    await writeParquet(output, await all(csvRows(input)), strings as Record<keyof CsvRow, 'STRING'>);
    break;
  }
  case 'json csv':
  case 'json json':
    await write(writer as 'csv' | 'json', made(sources(input), mapped), output);
    break;
  case 'csv csv':
  case 'csv json':
    await write(writer as 'csv' | 'json', csvRows(input), output);
    break;
  default:
    throw new Error(`no pipeline from ${reader} to ${writer}`);
}
console.log(JSON.stringify({ ...ownUsage(), rows: count }));
