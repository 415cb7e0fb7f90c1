/**
 * Real data that nobody here made: the films of vega-datasets, with numbers for titles, nulls in most columns, slashes
 * in genres and dates such as "Jun 12 1998". What a run makes of them is compared, row by row and value by value, with
 * what DuckDB's SQL makes of the very file.
 */

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { parquetReadObjects } from 'hyparquet';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FlowDefinition } from '../../core/flow/definition.ts';
import { makeDemoHome } from '../../scripts/demo-home.ts';
import { exampleFlow, type TemporaryHome, temporaryHome } from '../support/local-home.ts';

/** What examples/flows/movies.yaml asks for, in SQL over the original file. */
const expectedSql = `
  SELECT
    left(Title, 30) AS title,
    coalesce(left(Title, 30), '') || ' (' || "Release Date" || ')' AS label,
    left(Director, greatest(length(Director) - 5, 0)) || repeat('*', least(length(Director), 5)) AS director,
    "IMDB Rating" AS rating,
    "IMDB Votes" AS votes,
    "Rotten Tomatoes Rating" AS critics,
    "Worldwide Gross" - "Production Budget" AS profit,
    "Major Genre" AS genre
  FROM read_json('node_modules/vega-datasets/data/movies.json', columns = {
    Title: 'VARCHAR', "Release Date": 'VARCHAR', Director: 'VARCHAR', "Major Genre": 'VARCHAR', "IMDB Rating": 'DOUBLE',
    "IMDB Votes": 'BIGINT', "Rotten Tomatoes Rating": 'INTEGER', "Worldwide Gross": 'BIGINT', "Production Budget": 'BIGINT' })
  WHERE "Worldwide Gross" >= 1000000 AND "IMDB Rating" IS NOT NULL`;

const names = ['title', 'label', 'director', 'rating', 'votes', 'critics', 'profit', 'genre'];
const types = ['VARCHAR', 'VARCHAR', 'VARCHAR', 'DOUBLE', 'BIGINT', 'INTEGER', 'BIGINT', 'VARCHAR'];
const columnTypes = `{${names.map((name, i) => `${name}: '${types[i]}'`).join(', ')}}`;

let home: TemporaryHome;
let flow: FlowDefinition;
let duckdb: DuckDBConnection;
/** In an order of their own: files are read in theirs. */
let expected: readonly unknown[][];

beforeAll(async () => {
  home = await temporaryHome();
  await makeDemoHome(home.folder);
  flow = await exampleFlow('movies');
  duckdb = await (await DuckDBInstance.create()).connect();
  expected = await rows(expectedSql);
});

afterAll(async () => {
  duckdb.closeSync();
  await home.remove();
});

async function rows(sql: string): Promise<unknown[][]> {
  const ordered = `SELECT ${names.join(', ')} FROM (${sql}) ORDER BY ALL NULLS FIRST`;
  return (await duckdb.runAndReadAll(ordered)).getRows();
}

type Format = NonNullable<
  NonNullable<
    FlowDefinition['destinationFlowConfigList'][number]['destinationConnectorProperties']['S3']
  >['s3OutputFormatConfig']
>;

/** The example under another name, written in another way. */
function variant(flowName: string, format: Partial<Format>, partition: boolean): FlowDefinition {
  const S3 = flow.destinationFlowConfigList[0]?.destinationConnectorProperties.S3;
  if (!S3) throw new Error('the example writes to S3');
  const { metadataCatalogConfig: _, ...rest } = flow;
  return {
    ...rest,
    flowName,
    destinationFlowConfigList: [
      {
        connectorType: 'S3',
        destinationConnectorProperties: {
          S3: { ...S3, s3OutputFormatConfig: { ...S3.s3OutputFormatConfig, ...format } },
        },
      },
    ],
    tasks: flow.tasks.filter(({ taskType }) => partition || taskType !== 'Partition'),
  };
}

/** Runs, and answers the glob of what was written. */
async function written(one: FlowDefinition): Promise<string> {
  const result = await home.run(one, '2026-02-03T10:15:00Z');
  expect(result).toMatchObject({
    status: 'Successful',
    recordsProcessed: 3201,
    recordsFiltered: 518,
    recordsRejected: 0,
    recordsWritten: 2683,
  });
  return join(home.folder, 's3/lake/films', one.flowName, '**/00*');
}

describe('what is expected', () => {
  it('has the odd values, so that nothing is equal by luck', async () => {
    const [[...counts] = []] = (
      await duckdb.runAndReadAll(`
        SELECT count(*), count(*) FILTER (title IS NULL), count(*) FILTER (regexp_full_match(title, '[0-9]+')),
          count(*) FILTER (director IS NULL), count(*) FILTER (director LIKE '%*'), count(*) FILTER (critics IS NULL),
          count(*) FILTER (profit < 0), count(*) FILTER (profit IS NULL), count(*) FILTER (genre IS NULL),
          count(*) FILTER (genre LIKE '%/%'), count(*) FILTER (length(title) = 30), count(DISTINCT genre)
        FROM (${expectedSql})`)
    ).getRows();
    expect(counts.map(Number)).toEqual([2683, 1, 8, 973, 1710, 523, 742, 1, 150, 219, 153, 12]);
    expect(expected).toHaveLength(2683);
  });
});

describe('films through filter, validation, truncation, mask, concatenation and arithmetic', () => {
  it('are in JSON Lines what SQL says', async () => {
    const files = await written(variant('json', { fileType: 'JSON' }, true));
    expect(await rows(`SELECT * FROM read_json('${files}', columns = ${columnTypes})`)).toEqual(expected);
  });

  it('are in CSV what SQL says', async () => {
    const files = await written(variant('csv', { fileType: 'CSV' }, true));
    const csv = `read_csv('${files}', header = true, quote = '"', escape = '"', columns = ${columnTypes}, hive_partitioning = false)`;
    expect(await rows(`SELECT * FROM ${csv}`)).toEqual(expected);
  });

  it('are in typed Parquet what SQL says, types included', async () => {
    const files = await written(variant('parquet', { fileType: 'PARQUET' }, false));
    const [file = ''] = (await duckdb.runAndReadAll(`SELECT file FROM glob('${files}')`)).getRows().flat();
    const described = await duckdb.runAndReadAll(`DESCRIBE SELECT * FROM read_parquet('${files}')`);
    expect(described.getRows().map(([name, type]) => [name, type])).toEqual(
      names.map((name, i) => [name, types[i]]),
    );
    expect(await rows(`SELECT * FROM read_parquet('${files}')`)).toEqual(expected);
    expect(sorted(await readParquet(String(file)))).toEqual(sorted(expected));
  });

  it('are in Parquet without types the same as text', async () => {
    const files = await written(
      variant('text', { fileType: 'PARQUET', preserveSourceDataTyping: false }, false),
    );
    const described = await duckdb.runAndReadAll(`DESCRIBE SELECT * FROM read_parquet('${files}')`);
    expect(described.getRows().map(([, type]) => type)).toEqual(names.map(() => 'VARCHAR'));
    const typed = names.map((name, i) => `CAST(${name} AS ${types[i]}) AS ${name}`).join(', ');
    expect(await rows(`SELECT ${typed} FROM read_parquet('${files}')`)).toEqual(expected);
  });

  it('lie in a folder a genre, which the catalogued Parquet files leave out', async () => {
    const files = await written(flow);
    const found = await rows(
      `SELECT * REPLACE (nullif(genre, 'null') AS genre) FROM read_parquet('${files}', hive_partitioning = true)`,
    );
    expect(found).toEqual(expected);
    const folders = (await home.keys('lake'))
      .filter((key) => key.startsWith('films/movies/'))
      .map((key) => key.split('/')[4]);
    expect(folders).toEqual([
      'genre=Action',
      'genre=Adventure',
      'genre=Black Comedy',
      'genre=Comedy',
      'genre=Concert%2FPerformance',
      'genre=Documentary',
      'genre=Drama',
      'genre=Horror',
      'genre=Musical',
      'genre=Romantic Comedy',
      'genre=Thriller%2FSuspense',
      'genre=Western',
      'genre=null',
    ]);
  });
});

/** hyparquet shares nothing with our writer. */
async function readParquet(path: string): Promise<unknown[][]> {
  const { buffer } = new Uint8Array(await readFile(path));
  const objects = await parquetReadObjects({ file: buffer });
  return objects.map((row) => names.map((name) => row[name]));
}

function sorted(list: readonly (readonly unknown[])[]): string[] {
  return list
    .map((row) =>
      row.map((value) => (typeof value === 'bigint' ? `${value}n` : JSON.stringify(value))).join(),
    )
    .sort();
}

describe('a date that is none', () => {
  it('is refused record by record, with the reason', async () => {
    const dated = variant('dated', { fileType: 'JSON' }, false);
    const tasks = dated.tasks.filter(({ taskType }) => taskType !== 'Map');
    const result = await home.run(
      {
        ...dated,
        tasks: [
          ...tasks.filter(({ taskType }) => taskType === 'Filter'),
          {
            taskType: 'Map',
            sourceFields: ['Release Date'],
            destinationField: 'released',
            taskProperties: { DESTINATION_DATA_TYPE: 'date' },
          },
        ],
        tributary: { errorHandlingConfig: { bucketName: 'lake', bucketPrefix: 'refused' } },
      },
      '2026-02-03T10:15:00Z',
      { executionName: '520225fa-0ffb-4c95-b5d1-a2a862081d27' },
    );
    expect(result).toMatchObject({ status: 'Successful', recordsWritten: 0, recordsRejected: 2843 });
    const key = 'refused/dated/520225fa-0ffb-4c95-b5d1-a2a862081d27/errors-1.json';
    const lines = (await home.read('lake', key)).trimEnd().split('\n');
    expect(lines).toHaveLength(2843);
    expect(lines[0]).toBe(
      '{"record":{"Release Date":"Oct 09 1998","Worldwide Gross":1087521},"errorCode":"InvalidArgument",' +
        '"errorMessage":"released: a text that cannot be converted to Date","timestamp":"2026-02-03T10:15:00.000Z",' +
        '"task":2,"split":0,"page":0,"position":4}',
    );
  });
});
