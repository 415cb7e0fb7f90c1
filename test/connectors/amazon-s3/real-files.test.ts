import { readFileSync } from 'node:fs';
import { DuckDBInstance } from '@duckdb/node-api';
import { expect, test } from 'vitest';
import { rowsOf } from './helpers.ts';

/** CSV files that nobody made for this test, with DuckDB as the second opinion. */
test.each(['airports', 'birdstrikes', 'species', 'la-riots', 'github'])(
  '%s.csv is read as DuckDB reads it',
  async (name) => {
    const file = `node_modules/vega-datasets/data/${name}.csv`;
    const database = await DuckDBInstance.create();
    const connection = await database.connect();
    const reader = await connection.runAndReadAll(
      `SELECT * FROM read_csv('${file}', header = true, all_varchar = true, delim = ',', quote = '"', escape = '"', allow_quoted_nulls = false)`,
    );
    const expected = reader.getRows();
    expect(expected.length).toBeGreaterThan(50);
    expect(await rowsOf(readFileSync(file), { fields: reader.columnNames() })).toEqual(expected);
    connection.closeSync();
  },
);
