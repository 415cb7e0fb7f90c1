import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DestinationField, Row } from '../../../core/records.ts';
import { outputFormat } from '../../../engine/encode/output-format.ts';
import { encode, field, fragmentsOf } from './rows.ts';

function written(fields: readonly DestinationField[], rows: Row[]): string {
  return encode(outputFormat({ fileType: 'CSV', fields }), [rows]).toString();
}

describe('CSV', () => {
  it('begins with the field names and quotes only what must be', () => {
    const fields = [field('String', 'plain'), field('String', 'a,"b"'), field('String', ' Label ')];
    expect(
      written(fields, [
        ['x', 'say "hi"', ' y '],
        ['1,2', 'cr\rhere', 'lf\n'],
        ["'", '', null],
      ]),
    ).toBe('plain,"a,""b""", Label \nx,"say ""hi""", y \n"1,2","cr\rhere","lf\n"\n\',,\n');
  });

  it('never writes an empty line', () => {
    expect(written([field('String', 's')], [[null], [''], ['x']])).toBe('s\n""\n""\nx\n');
  });

  it('writes each type as text', () => {
    const fields = [
      field('Boolean'),
      field('Long'),
      field('Double'),
      field('BigDecimal'),
      field('DateTime'),
      field('ByteArray'),
      field('Struct'),
    ];
    expect(
      written(fields, [
        [
          true,
          -(2n ** 63n),
          1e21,
          '1.10',
          '2026-02-03T10:15:00.000Z',
          new Uint8Array([255]),
          { a: [1, 'x'] },
        ],
      ]),
    ).toBe(
      'Boolean,Long,Double,BigDecimal,DateTime,ByteArray,Struct\n' +
        'true,-9223372036854775808,1000000000000000000000,1.10,2026-02-03T10:15:00.000Z,/w==,"{""a"":[1,""x""]}"\n',
    );
  });

  it('refuses a value that is not of its type and keeps nothing of the row', () => {
    const encoder = outputFormat({
      fileType: 'CSV',
      fields: [field('Integer', 'n'), field('Double', 'd')],
    }).encoder();
    expect(() => encoder.append([1, Number.NaN])).toThrow(
      'field "d": got the number NaN; expected a finite number (this file type has no other)',
    );
    expect([encoder.rows, encoder.size, encoder.finish()]).toEqual([0, 0, undefined]);
  });

  describe('read by DuckDB', () => {
    let folder: string;
    let duckdb: DuckDBConnection;
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'csv-'));
      duckdb = await (await DuckDBInstance.create()).connect();
    });
    afterAll(async () => {
      duckdb.closeSync();
      await rm(folder, { recursive: true });
    });

    it('gives back every row', async () => {
      const types = [
        'String',
        'Integer',
        'Long',
        'Double',
        'Boolean',
        'Date',
        'BigDecimal',
        'String',
      ] as const;
      const fields = types.map((type, index) => field(type, `${type}, ${index}`));
      const format = outputFormat({ fileType: 'CSV', fields });
      const columns = [
        'VARCHAR',
        'INTEGER',
        'BIGINT',
        'DOUBLE',
        'BOOLEAN',
        'DATE',
        'DECIMAL(38, 9)',
        'VARCHAR',
      ];
      const query = (
        path: string,
      ): string => `SELECT * FROM read_csv('${path}', header = true, delim = ',', quote = '"', escape = '"',
        auto_detect = false, columns = {${fields.map(({ name }, index) => `'${name}': '${columns[index]}'`)}})`;
      await fc.assert(
        fc.asyncProperty(fragmentsOf(fields, 10), async (parts) => {
          // Never a path twice: DuckDB keeps parts of the files that it has read.
          const path = join(folder, `${randomUUID()}.csv`);
          await writeFile(path, encode(format, parts));
          const reader = await duckdb.runAndReadAll(query(path));
          expect(reader.columnNames()).toEqual(fields.map(({ name }) => name));
          const expected = parts.flat().map((row) =>
            row.map((value, index) => {
              if (value === null || value === '') return null;
              return types[index] === 'Long' ? String(value) : value;
            }),
          );
          const decoded = reader.getRowsJson().map((row) =>
            row.map((value, index) => {
              if (value === '') return null;
              if (types[index] === 'Double' && value !== null) return Number(value);
              return value;
            }),
          );
          expect(decoded).toEqual(expected);
        }),
        { numRuns: 60 },
      );
    });
  });
});
