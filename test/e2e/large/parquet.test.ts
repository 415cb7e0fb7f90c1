/** A Parquet file of ten million rows, written by `tributary run`, as three implementations read it. */

import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { tableFromIPC } from 'apache-arrow';
import { asyncBufferFromFile, type FileMetaData, parquetMetadataAsync, parquetReadObjects } from 'hyparquet';
import { readParquet } from 'parquet-wasm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runCommand } from './command.ts';
import { quote } from './differences.ts';

const rows = 10_000_000;
const begin = Date.UTC(2024, 0, 1);

/** A row is a function of its place. */
const rowOf = (n: number) => ({
  id: n,
  name: `name ${n % 100_003}`,
  amount: (n % 10_007) / 4,
  flag: n % 7 === 0 ? null : n % 2 === 0,
  at: begin + n * 1000,
});

let folder: string;
let output: string;
let groups: FileMetaData['row_groups'];
let peakMegabytes: number;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tributary-large-'));
  await mkdir(join(folder, '.tributary/s3/lake'), { recursive: true });
  await mkdir(join(folder, '.tributary/s3/inbox/in'), { recursive: true });
  await writeRecords(join(folder, '.tributary/s3/inbox/in/records.jsonl'));
  await writeFile(join(folder, 'flow.json'), JSON.stringify(flow));
  const run = await runCommand(folder);
  expect(run.result).toMatchObject({ status: 'Successful', recordsWritten: rows });
  expect(run.result.objects).toHaveLength(1);
  output = join(folder, '.tributary', (run.result.objects[0] ?? '').replace('s3://', 's3/'));
  peakMegabytes = run.peakMegabytes;
  groups = (await parquetMetadataAsync(await asyncBufferFromFile(output))).row_groups;
}, 600_000);

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

async function writeRecords(file: string): Promise<void> {
  const stream = createWriteStream(file);
  for (let n = 0; n < rows; ) {
    let chunk = '';
    for (const end = n + 5000; n < end; n++) {
      const row = rowOf(n);
      chunk += `${JSON.stringify({ ...row, at: new Date(row.at).toISOString() })}\n`;
    }
    if (!stream.write(chunk)) await once(stream, 'drain');
  }
  stream.end();
  await once(stream, 'close');
}

const types = { id: 'long', name: 'string', amount: 'double', flag: 'boolean', at: 'datetime' };
const flow = {
  flowName: 'records',
  triggerConfig: { triggerType: 'OnDemand' },
  sourceFlowConfig: {
    connectorType: 'S3',
    sourceConnectorProperties: {
      S3: { bucketName: 'inbox', bucketPrefix: 'in', s3InputFormatConfig: { s3InputFileType: 'JSON' } },
    },
  },
  destinationFlowConfigList: [
    {
      connectorType: 'S3',
      destinationConnectorProperties: {
        S3: {
          bucketName: 'lake',
          s3OutputFormatConfig: {
            fileType: 'PARQUET',
            preserveSourceDataTyping: true,
            aggregationConfig: { aggregationType: 'SingleFile' },
          },
        },
      },
    },
  ],
  tasks: [
    { taskType: 'Filter', sourceFields: Object.keys(types), connectorOperator: { S3: 'PROJECTION' } },
    ...Object.entries(types).map(([name, type]) => ({
      taskType: 'Map',
      sourceFields: [name],
      destinationField: name,
      taskProperties: { DESTINATION_DATA_TYPE: type },
    })),
  ],
};

/** Rows by number of which any value is another one; a few. */
class Differences {
  readonly found: unknown[] = [];
  /** So far. */
  rows = 0;

  add(id: bigint, name: string, amount: number, flag: boolean | null, at: number): void {
    const right = rowOf(this.rows);
    const isRight =
      id === BigInt(right.id) &&
      name === right.name &&
      amount === right.amount &&
      flag === right.flag &&
      at === right.at;
    if (!isRight && this.found.length < 3) this.found.push([this.rows, id, name, amount, flag, at]);
    this.rows++;
  }
}

test('it was written in less than 256 MiB, in row groups of 250,000 rows at most', () => {
  expect(peakMegabytes).toBeLessThan(256);
  const counts = groups.map(({ num_rows }) => Number(num_rows));
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(rows);
  expect(Math.max(...counts)).toBeLessThanOrEqual(250_000);
});

test('DuckDB reads each row', async () => {
  const instance = await DuckDBInstance.create();
  const duck = await instance.connect();
  const [found] = await duck
    .runAndReadAll(
      `SELECT count(*)::VARCHAR, count(DISTINCT id)::VARCHAR, min(id)::VARCHAR, max(id)::VARCHAR, (count(*) FILTER (WHERE
        name = 'name ' || id % 100003 AND amount = (id % 10007) / 4
        AND flag IS NOT DISTINCT FROM (CASE WHEN id % 7 = 0 THEN NULL ELSE id % 2 = 0 END)
        AND epoch_ms("at") = ${begin} + id * 1000))::VARCHAR
      FROM read_parquet(${quote(output)})`,
    )
    .then((read) => read.getRows());
  duck.closeSync();
  instance.closeSync();
  expect(found).toEqual(['10000000', '10000000', '0', '9999999', '10000000']);
});

test('hyparquet reads each row in its place', async () => {
  const file = await asyncBufferFromFile(output);
  const metadata = await parquetMetadataAsync(file);
  const differences = new Differences();
  for (const { num_rows } of groups) {
    const rowStart = differences.rows;
    const rowEnd = rowStart + Number(num_rows);
    for (const { id, name, amount, flag, at } of await parquetReadObjects({
      file,
      metadata,
      rowStart,
      rowEnd,
    }))
      differences.add(id, name, amount, flag ?? null, at.getTime());
  }
  expect(differences.found).toEqual([]);
  expect(differences.rows).toBe(rows);
});

test("Arrow's reader in Rust reads each row in its place", async () => {
  const bytes = await readFile(output);
  const differences = new Differences();
  for (let group = 0; group < groups.length; group++) {
    const table = tableFromIPC(readParquet(bytes, { rowGroups: [group] }).intoIPCStream());
    const columns = Object.keys(types).map((name) => table.getChild(name));
    for (let row = 0; row < table.numRows; row++) {
      const [id, name, amount, flag, at] = columns.map((column) => column?.get(row));
      differences.add(id, name, amount, flag, at);
    }
  }
  expect(differences.found).toEqual([]);
  expect(differences.rows).toBe(rows);
});
