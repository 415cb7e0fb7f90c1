/** A CSV file of 2 GB through `tributary run`, compared with what DuckDB reads of it. */

import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runCommand } from './command.ts';
import { quote } from './differences.ts';

const size = 2 * 1024 ** 3;
const names = ['id', 'name', 'city', 'note', 'amount', 'at', 'empty'];

let folder: string;
let file: string;
let rows = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tributary-large-'));
  await mkdir(join(folder, '.tributary/s3/lake'), { recursive: true });
  await mkdir(join(folder, '.tributary/s3/inbox/in'), { recursive: true });
  file = join(folder, '.tributary/s3/inbox/in/records.csv');
  await writeFile(join(folder, 'flow.json'), JSON.stringify(flow));
  rows = await writeRecords(file);
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** Rows with quotes, line ends and other scripts, until the file has its size. @returns how many */
async function writeRecords(file: string): Promise<number> {
  const cities = [
    'Oslo',
    '"Paris, Texas"',
    '東京',
    'Αθήνα',
    '"two\nlines"',
    '"a ""b"""',
    '',
    'São Paulo',
    '😀',
  ];
  const notes = Array.from({ length: 97 }, (_, i) =>
    'lorem ipsum dolor sit amet '.repeat(1 + (i % 9)).trim(),
  );
  const stream = createWriteStream(file);
  let written = 0;
  let id = 0;
  for (let chunk = `${names.join(',')}\n`; written < size; chunk = '') {
    for (const end = id + 5000; id < end; id++) {
      const city = cities[id % cities.length] ?? '';
      const day = String(1 + (id % 28)).padStart(2, '0');
      chunk += `${id},name ${id % 100_003},${city},${notes[id % notes.length]},${id % 10_007}.${id % 10},2024-02-${day}T10:15:00Z,\n`;
    }
    const bytes = Buffer.from(chunk);
    written += bytes.length;
    if (!stream.write(bytes)) await once(stream, 'drain');
  }
  stream.end();
  await once(stream, 'close');
  return id;
}

const flow = {
  flowName: 'records',
  triggerConfig: { triggerType: 'OnDemand' },
  sourceFlowConfig: {
    connectorType: 'S3',
    sourceConnectorProperties: {
      S3: { bucketName: 'inbox', bucketPrefix: 'in', s3InputFormatConfig: { s3InputFileType: 'CSV' } },
    },
  },
  destinationFlowConfigList: [
    {
      connectorType: 'S3',
      destinationConnectorProperties: {
        S3: {
          bucketName: 'lake',
          s3OutputFormatConfig: { fileType: 'PARQUET', aggregationConfig: { aggregationType: 'SingleFile' } },
        },
      },
    },
  ],
  tasks: [{ taskType: 'Map_all', sourceFields: [], taskProperties: {} }],
};

test('2 GB of CSV, in less memory than a quarter of it', async () => {
  expect((await stat(file)).size).toBeGreaterThan(size);
  const { result, peakMegabytes } = await runCommand(folder);
  expect(result).toMatchObject({ status: 'Successful', recordsProcessed: rows, recordsWritten: rows });
  expect(result.objects).toHaveLength(1);
  expect(peakMegabytes).toBeLessThan(512);

  const output = join(folder, '.tributary', (result.objects[0] ?? '').replace('s3://', 's3/'));
  const [read, given] = [`read_parquet(${quote(output)})`, `read_csv(${quote(file)}, all_varchar = true)`];
  // The file's empty cells are null to DuckDB.
  const cells = names.map((name) => `nullif("${name}", '')`);
  const sums = `SELECT count(*) AS rows, sum(hash(${cells.join(', ')})) AS "whole rows",
    ${cells.map((cell, i) => `sum(hash(${cell})) AS "${names[i]}"`).join(', ')} FROM`;
  const instance = await DuckDBInstance.create();
  const duck = await instance.connect();
  const of = async (sql: string) => (await duck.runAndReadAll(sql)).getRowObjectsJson();
  expect(await of(`${sums} ${read}`)).toEqual(await of(`${sums} ${given}`));
  duck.closeSync();
  instance.closeSync();
});
