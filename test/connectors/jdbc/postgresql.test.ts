import fc from 'fast-check';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { FieldType, FilterCondition, FilterOperator, SourceRequest } from '#core';
import { rowKeeper } from '../../../connectors/jdbc/kept-rows.ts';
import { postgresql } from '../../../connectors/jdbc/postgresql.ts';
import { selectionOf } from '../../../connectors/jdbc/selection.ts';
import { jdbc } from '../../../connectors/jdbc/source.ts';
import { compileFilter } from '../../../engine/tasks/filter.ts';
import { startPostgres, type TestPostgres } from '../../support/postgres.ts';
import { portsOf, readAll, requestOn, type TestPorts } from './requests.ts';

let server: TestPostgres;
let admin: pg.Client;
let ports: TestPorts;

beforeAll(async () => {
  server = await startPostgres();
  admin = await clientOf(server.username, server.password);
  ports = portsOf(server);
});

afterAll(async () => {
  await admin?.end();
  await server?.stop();
});

async function clientOf(user: string, password: string): Promise<pg.Client> {
  const { host, port, database } = server;
  const client = new pg.Client({ host, port, database, user, password });
  await client.connect();
  return client;
}

const request = (entityName: string, more: Partial<SourceRequest> = {}) =>
  requestOn('postgresql', server, entityName, more);

async function columnOf(entityName: string, more: Partial<SourceRequest> = {}) {
  return (await readAll(request(entityName, more), ports)).rows.map(([value]) => value);
}

describe('types', () => {
  test('every built-in type arrives in its canonical form', async () => {
    await admin.query(`
      CREATE TYPE mood AS ENUM ('sad', 'happy');
      CREATE TYPE pair AS (a int, b text);
      CREATE DOMAIN cents AS numeric(10,2) CHECK (VALUE >= 0);
      CREATE DOMAIN price AS cents;
      CREATE TABLE kinds (
        id int PRIMARY KEY, bool_ bool, int2_ int2, int4_ int4, int8_ int8, float4_ float4, float8_ float8,
        numeric_ numeric, numeric_12_2 numeric(12,2), price_ price, text_ text, char_ char(4), uuid_ uuid,
        date_ date, timestamp_ timestamp, timestamptz_ timestamptz, time_ time, timetz_ timetz, interval_ interval,
        bytea_ bytea, jsonb_ jsonb, json_ json, ints int8[], texts text[], mood_ mood, pair_ pair, inet_ inet, bits bit(4), range_ int4range, xml_ xml);
      COMMENT ON COLUMN kinds.mood_ IS 'how it felt';
      INSERT INTO kinds VALUES (1, true, -32768, 2147483647, 9223372036854775807, 0.1, 1e-7,
        12345678901234567890.000100, 10.50, 7.5, 'héllo "w"', 'ab', 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11',
        '2024-02-29', '2024-02-29 12:34:56.789012', '2024-02-29 12:00:00+02', '23:59:59.5', '12:00:00+02', '1 mon 2 days 03:04:05',
        '\\x00ff10', '{"a": {"b": [1, 12345678901234567890]}}', '[1]', '{1,9007199254740993,NULL}', '{a,NULL,"x,y"}',
        'happy', '(1,"x y")', '192.168.0.1', B'0101', '[1,5)', '<a/>');
      INSERT INTO kinds (id) VALUES (2);`);
    const { rows, description } = await readAll(request('public.kinds'), ports);
    const [first, second] = rows.map((row) =>
      Object.fromEntries(row.map((value, i) => [description.fields[i]?.name, value])),
    );
    expect(first).toEqual({
      id: 1,
      bool_: true,
      int2_: -32768,
      int4_: 2147483647,
      int8_: 9223372036854775807n,
      float4_: 0.1,
      float8_: 1e-7,
      numeric_: '12345678901234567890.000100',
      numeric_12_2: '10.50',
      price_: '7.50',
      text_: 'héllo "w"',
      char_: 'ab  ',
      uuid_: 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11',
      date_: '2024-02-29',
      timestamp_: '2024-02-29T12:34:56.789012Z',
      timestamptz_: '2024-02-29T10:00:00Z',
      time_: '23:59:59.5',
      timetz_: '12:00:00+02',
      interval_: '1 mon 2 days 03:04:05',
      bytea_: Buffer.from([0, 255, 16]),
      jsonb_: { a: { b: [1, 12345678901234567890n] } },
      json_: [1],
      ints: [1, 9007199254740993n, null],
      texts: ['a', null, 'x,y'],
      mood_: 'happy',
      pair_: { a: 1, b: 'x y' },
      inet_: '192.168.0.1',
      bits: '0101',
      range_: '[1,5)',
      xml_: '<a/>',
    });
    expect(new Set(Object.values(second ?? {}))).toEqual(new Set([2, null]));
    const types = Object.fromEntries(description.fields.map(({ name, ...field }) => [name, field]));
    expect(types).toEqual({
      id: { type: 'Integer' },
      bool_: { type: 'Boolean' },
      int2_: { type: 'Short' },
      int4_: { type: 'Integer' },
      int8_: { type: 'Long' },
      float4_: { type: 'Float' },
      float8_: { type: 'Double' },
      numeric_: { type: 'BigDecimal' },
      numeric_12_2: { type: 'BigDecimal', precision: 12, scale: 2 },
      price_: { type: 'BigDecimal', precision: 10, scale: 2 },
      text_: { type: 'String' },
      char_: { type: 'String' },
      uuid_: { type: 'String' },
      date_: { type: 'Date' },
      timestamp_: { type: 'DateTime', fractionDigits: 6 },
      timestamptz_: { type: 'DateTime', fractionDigits: 6 },
      time_: { type: 'Time' },
      timetz_: { type: 'String' },
      interval_: { type: 'String' },
      bytea_: { type: 'ByteArray' },
      jsonb_: { type: 'Struct' },
      json_: { type: 'Struct' },
      ints: { type: 'List' },
      texts: { type: 'List' },
      mood_: { type: 'String', description: 'how it felt' },
      pair_: { type: 'Struct' },
      inet_: { type: 'String' },
      bits: { type: 'String' },
      range_: { type: 'String' },
      xml_: { type: 'String' },
    });
  });

  test('what no canonical value can hold stays the text that SELECT shows', async () => {
    await admin.query(`
      CREATE TABLE oddities (id int PRIMARY KEY, n numeric, f float8, d date, t timestamptz);
      INSERT INTO oddities VALUES (1, 'NaN', 'NaN', 'infinity', '-infinity'), (2, 'Infinity', '-Infinity', '0044-03-15 BC', '0001-01-01 00:00:00 BC'),
        (3, 0, 0, '10000-01-01', '12024-05-06 07:08:09.5+00')`);
    expect((await readAll(request('public.oddities'), ports)).rows).toEqual([
      [1, 'NaN', Number.NaN, 'infinity', '-infinity'],
      [2, 'Infinity', Number.NEGATIVE_INFINITY, '-000043-03-15', '0000-01-01T00:00:00Z'],
      [3, '0', 0, '+010000-01-01', '+012024-05-06T07:08:09.5Z'],
    ]);
  });

  test('any double, integer and text survives', async () => {
    await admin.query('CREATE TABLE survivors (id serial PRIMARY KEY, f float8, i int8, s text)');
    await fc.assert(
      fc.asyncProperty(
        fc.double({ noDefaultInfinity: true, noNaN: true }),
        fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
        fc.string({ unit: 'grapheme' }).filter((text) => !text.includes('\0')),
        async (f, i, s) => {
          await admin.query('TRUNCATE survivors');
          await admin.query('INSERT INTO survivors (f, i, s) VALUES ($1, $2, $3)', [
            Object.is(f, -0) ? '-0' : f,
            i,
            s,
          ]);
          const { rows } = await readAll(request('public.survivors', { fields: ['f', 'i', 's'] }), ports);
          const [[float, integer, text] = []] = rows;
          expect(float).toBe(f);
          expect(BigInt(integer as number)).toBe(i);
          expect(text).toBe(s);
        },
      ),
      { numRuns: 40 },
    );
  });

  test('rows as bytes have the values that they have as texts', async () => {
    await admin.query(`
      CREATE TYPE hue AS ENUM ('red', 'grün'); CREATE TYPE spot AS (x int, label text);
      CREATE TABLE alike (id int PRIMARY KEY, b bool, i2 int2, i4 int4, i8 int8, o oid, f4 float4, f8 float8, n numeric,
        n2 numeric(12, 2), m money, d date, t timestamp, t0 timestamp(0), z timestamptz, clock time, zoned timetz, span interval,
        bytes bytea, s text, v varchar, c char(5), u uuid, e hue, j json, jb jsonb, l int8[], ls text[], p spot, net inet,
        r int4range, x bit(3))`);
    const or = <T>(value: fc.Arbitrary<T>, ...more: T[]) =>
      fc.option(fc.oneof(value, fc.constantFrom(...more)));
    const digits = fc.tuple(fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }), fc.nat(99_999_999));
    const moment = fc
      .date({
        noInvalidDate: true,
        min: new Date('0001-01-01T00:00:00Z'),
        max: new Date('9999-12-31T00:00:00Z'),
      })
      .map((date) => date.toISOString());
    const years = ['infinity', '-infinity', '0044-03-15 12:00:00.5 BC', '12024-05-06 07:08:09'];
    const text = fc.string({ unit: 'grapheme' }).filter((text) => !/[\0\ud800-\udfff]/.test(text));
    const row = fc.record({
      b: fc.option(fc.boolean()),
      i2: fc.option(fc.integer({ min: -(2 ** 15), max: 2 ** 15 - 1 })),
      i4: fc.option(fc.integer()),
      i8: fc.option(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String)),
      o: fc.option(fc.nat(2 ** 32 - 1)),
      f4: or(fc.float({ noDefaultInfinity: true, noNaN: true }).map(String), 'NaN', 'Infinity', '0.1', '-0'),
      f8: or(
        fc.double({ noDefaultInfinity: true, noNaN: true }).map(String),
        'NaN',
        '-Infinity',
        '-0.25',
        '1e300',
      ),
      n: or(
        digits.map(([whole, fraction]) => `${whole}.${fraction}`),
        'NaN',
        '0',
        '-0.000',
      ),
      n2: fc.option(fc.integer().map((cents) => String(cents / 100))),
      m: fc.option(fc.integer().map((cents) => String(cents / 100))),
      d: or(moment, ...years),
      t: or(moment, ...years),
      t0: or(moment, ...years),
      z: or(moment, ...years),
      clock: or(
        moment.map((moment) => moment.slice(11, 23)),
        '23:59:59.999999',
      ),
      zoned: fc.constantFrom('12:00:00+02', '00:00:00.5-11:30', null),
      span: fc.option(fc.integer().map((seconds) => `${seconds} seconds`)),
      bytes: fc.option(fc.uint8Array().map((bytes) => `\\x${Buffer.from(bytes).toString('hex')}`)),
      s: fc.option(text),
      v: fc.option(text),
      c: fc.option(fc.string({ maxLength: 5 })),
      u: fc.option(fc.uuid()),
      e: fc.constantFrom('red', 'grün', null),
      j: fc.option(fc.json({ stringUnit: text })),
      jb: or(fc.json({ stringUnit: text }), '{"a": 12345678901234567890, "b": 0.12345678901234567890}'),
      l: fc.constantFrom('{}', '{1,NULL,9007199254740993}', null),
      ls: fc.constantFrom('{}', '{"a,b",NULL,"null","é"}', null),
      p: fc.constantFrom('(1,"x y")', '(,)', null),
      net: fc.constantFrom('10.0.0.0/8', '::1', null),
      r: fc.constantFrom('empty', '[1,5)', null),
      x: fc.constantFrom('010', null),
    });
    const connection = await postgresql.connect({ ...server, ssl: 'disable' });
    const table = await connection.table('public', 'alike');
    const fields = table.columns.map(({ name }) => name);
    const selection = selectionOf(postgresql, table, request('', { fields: [...fields, 'jb.a'] }), ['id']);
    const { queryWire } = connection;
    if (!queryWire) throw new Error('no rows as bytes');
    await fc.assert(
      fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 30 }), async (rows) => {
        await admin.query('TRUNCATE alike');
        const columns = Object.keys(rows[0] ?? {});
        const list = columns.map((name) => `r->>'${name}'`);
        const types = table.columns.map(({ nativeType }) => nativeType).slice(1);
        await admin.query(
          `INSERT INTO alike (id, ${columns}) SELECT i, ${list.map((value, index) => `(${value})::${types[index]}`)}
           FROM json_array_elements($1) WITH ORDINALITY AS e(r, i)`,
          [JSON.stringify(rows)],
        );
        const statement = selection.statement(undefined, 100);
        const texts: unknown[] = [];
        await connection.query(
          statement.sql,
          statement.values,
          (raw) => texts.push(selection.toRow(raw)),
          'alike',
        );
        const kept = await rowKeeper(connection, selection, 10_000)(
          statement,
          { rows: 100, bytes: 1e6, checked: false },
          'alike',
        );
        const { rows: read, scanned } = kept.records();
        expect(scanned?.count).toBe(rows.length);
        expect(read).toEqual(texts);
      }),
      { numRuns: 40 },
    );
    await connection.close();
  });

  test('a database that knows no encoding has its rows as texts', async () => {
    await admin.query(
      "CREATE DATABASE unencoded TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE_PROVIDER libc LOCALE 'C'",
    );
    const connection = await postgresql.connect({ ...server, database: 'unencoded', ssl: 'disable' });
    expect(connection.queryWire).toBe(undefined);
    await connection.close();
  });

  test('the record as a whole, and a path into a JSON column', async () => {
    await admin.query(`
      CREATE TABLE people (id int PRIMARY KEY, "address.city" text, address jsonb);
      INSERT INTO people VALUES (1, 'literal', '{"city": "Bonn", "geo": {"lat": 50.7}}'), (2, NULL, 'null'), (3, NULL, '7')`);
    expect(await columnOf('public.people', { fields: ['*'] })).toEqual([
      { id: 1, 'address.city': 'literal', address: { city: 'Bonn', geo: { lat: 50.7 } } },
      { id: 2, 'address.city': null, address: null },
      { id: 3, 'address.city': null, address: 7 },
    ]);
    expect(
      (await readAll(request('public.people', { fields: ['address.geo.lat', 'address.city'] }), ports)).rows,
    ).toEqual([
      [50.7, 'literal'],
      [null, null],
      [null, null],
    ]);
  });
});

describe('pages', () => {
  test('a table longer than several pages is read once, and again from every token', async () => {
    await admin.query(
      "CREATE TABLE long_one AS SELECT i AS id, 'row ' || i AS name FROM generate_series(1, 25000) i; ALTER TABLE long_one ADD PRIMARY KEY (id)",
    );
    const full = request('public.long_one', { fields: ['name'] });
    const { rows, tokens, description } = await readAll(full, ports);
    expect(rows).toHaveLength(25_000);
    expect(rows.map(([name]) => name)).toEqual(Array.from({ length: 25_000 }, (_, i) => `row ${i + 1}`));
    expect(tokens).toEqual([
      { after: ['500'], rows: 10_000 },
      { after: ['10500'], rows: 10_000 },
      { after: ['20500'], rows: 10_000 },
    ]);
    const [split] = description.splits;
    let expected = 500;
    for (const token of tokens) {
      const session = await jdbc.open(full, split ?? {}, ports);
      const page = await session.read(token);
      expect(page.rows).toEqual(rows.slice(expected, expected + 10_000));
      expected += page.rows.length;
      await session.close();
    }
  });

  test('rows that are wide make pages that are short', async () => {
    await admin.query(
      "CREATE TABLE blobs AS SELECT i AS id, repeat('x', 100000) AS body FROM generate_series(1, 700) i; ALTER TABLE blobs ADD PRIMARY KEY (id)",
    );
    const { rows, tokens } = await readAll(request('public.blobs', { fields: ['id', 'body'] }), ports);
    expect(rows.map(([id]) => id)).toEqual(Array.from({ length: 700 }, (_, i) => i + 1));
    // 32 MiB end the first page; the second asks for 8 MiB.
    expect(tokens.slice(0, 2)).toEqual([
      { after: ['336'], rows: 83 },
      { after: ['419'], rows: 83 },
    ]);
  });

  test('a row that is longer than a record may be is refused before it has come', async () => {
    await admin.query(
      "CREATE TABLE long_rows AS SELECT i AS id, repeat('x', i * 1000000) AS body FROM generate_series(1, 3) i; ALTER TABLE long_rows ADD PRIMARY KEY (id)",
    );
    const fields = ['id', 'body'];
    const read = (recordLimit: number) =>
      readAll(request('public.long_rows', { fields, recordLimit }), ports);
    await expect(read(2_500_000)).rejects.toMatchObject({
      name: 'SourceDataInvalid',
      message:
        'public.long_rows: a row is too long; got 3000016 bytes; expected at most 2500000; leave out a column; or set tributary.memorySize to 46 or more',
    });
    expect((await read(3_000_016)).rows.map(([id]) => id)).toEqual([1, 2, 3]);
  });

  test.each([
    ['text in a language’s order', 'k text', "'a' 'B' 'b' 'A' 'é' 'z' 'Z' '_' '' '-x' 'ab' 'A B'"],
    ['text by bytes', 'k text COLLATE "C"', "'a' 'B' 'b' 'A' 'é' 'z' 'Z' '_' '' '-x'"],
    ['a fixed width', 'k char(3)', "'a' 'B' 'b' 'A' 'zz' '_'"],
    ['an enum', 'k size', "'small' 'medium' 'large'"],
    ['floats', 'k float8', "'0.1' '0.2' '0.30000000000000004' '1e-300' 'NaN' '-Infinity' '5e-324'"],
    ['bytes', 'k bytea', "'\\x00' '\\xff' '\\x' '\\x0001'"],
    [
      'moments',
      'k timestamptz',
      "'infinity' '-infinity' '2024-01-01 00:00:00.000001+00' '2024-01-01+00' '0044-03-15 BC'",
    ],
    ['durations', 'k interval', "'1 mon' '31 days' '-1 day' '00:00:00.000001'"],
    ['exact numbers', 'k numeric', "'NaN' '1e100' '1.00000000000000000001' '1' '-Infinity'"],
    ['uuids', 'k uuid', "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11' '00000000-0000-0000-0000-000000000000'"],
    ['booleans', 'k bool', "'true' 'false'"],
    ['addresses', 'k inet', "'10.0.0.1' '10.0.0.0/8' '::1'"],
  ])('keys of %s, one row a page', async (_name, column, values) => {
    await admin.query(
      `DO $$ BEGIN CREATE TYPE size AS ENUM ('small', 'medium', 'large'); EXCEPTION WHEN duplicate_object THEN NULL; END $$`,
    );
    await admin.query(
      `DROP TABLE IF EXISTS keyed; CREATE TABLE keyed (${column}, n int, PRIMARY KEY (k, n))`,
    );
    const list = values.split(/(?<=') (?=')/);
    for (const value of list) await admin.query(`INSERT INTO keyed VALUES (${value}, 2), (${value}, 1)`);
    const full = request('public.keyed', { fields: ['k', 'n'] });
    const { splits } = await jdbc.describe(full, ports);
    const session = await jdbc.open(full, splits[0] ?? {}, ports);
    const read: unknown[] = [];
    let page = await session.read(undefined);
    const expected = page.rows;
    expect(expected).toHaveLength(list.length * 2);
    const single = { ...full, limit: 1 };
    const small = await jdbc.open(single, splits[0] ?? {}, ports);
    page = await small.read(undefined);
    for (;;) {
      read.push(...page.rows);
      if (!page.next) break;
      page = await small.read({ ...page.next, rows: 1 });
    }
    expect(read).toEqual(expected);
    await session.close();
    await small.close();
  });

  test('keys, indexes and views: what the rows are ordered by', async () => {
    await admin.query(`
      CREATE TABLE by_unique (a int NOT NULL, b text NOT NULL, c int UNIQUE, UNIQUE (b, a) INCLUDE (c));
      CREATE TABLE keyless (a int UNIQUE, b text);
      CREATE UNIQUE INDEX ON keyless (b) WHERE a > 0;
      CREATE UNIQUE INDEX ON keyless (lower(b));
      INSERT INTO keyless VALUES (1, 'x'), (2, 'y');
      CREATE VIEW seen AS SELECT * FROM keyless;
      CREATE TABLE parent (id int PRIMARY KEY); CREATE TABLE child () INHERITS (parent);
      CREATE TABLE parts (id int, day date, PRIMARY KEY (id, day)) PARTITION BY RANGE (day);
      CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
      INSERT INTO parts VALUES (1, '2024-05-05')`);
    expect((await jdbc.describe(request('public.by_unique', { fields: ['c'] }), ports)).primaryKey).toEqual([
      'b',
      'a',
    ]);
    expect(await columnOf('public.parts')).toEqual([1]);
    await expect(jdbc.describe(request('public.keyless', { fields: ['a'] }), ports)).rejects.toThrow(
      "public.keyless: the table has no key that its rows could be read in order of; expected a primary key, or a unique index over columns that are NOT NULL; add one, or name columns that are unique and never null: customProperties: { keyFields: 'id' }",
    );
    await expect(jdbc.describe(request('public.parent', { fields: ['id'] }), ports)).rejects.toThrow(
      'no key',
    );
    await expect(jdbc.describe(request('public.seen', { fields: ['b'] }), ports)).rejects.toThrow(
      'the view has no key',
    );
    // What could be a key can be found out.
    const { fields } = await jdbc.describe(request('public.keyless', { fieldsOnly: true }), ports);
    expect(fields.map(({ name }) => name)).toEqual(['a', 'b']);
    const seen = { properties: { entityName: 'public.seen', customProperties: { keyFields: 'a, b' } } };
    expect(await columnOf('public.seen', { ...seen, fields: ['b'] })).toEqual(['x', 'y']);
  });

  test('keyFields that identify nothing are found out', async () => {
    await admin.query(`
      CREATE TABLE visits (who text, n int, j json); INSERT INTO visits SELECT 'ada', i FROM generate_series(1, 3) i`);
    const by = (keyFields: string) => ({
      properties: { entityName: 'public.visits', customProperties: { keyFields } },
      fields: ['n'],
    });
    await expect(readAll(request('public.visits', by('who')), ports)).rejects.toThrow(
      'two rows have the same values in keyFields',
    );
    expect(await columnOf('public.visits', by('who,n'))).toEqual([1, 2, 3]);
    await expect(readAll(request('public.visits', { ...by('n'), limit: 1 }), ports)).resolves.toMatchObject({
      rows: [[1], [2], [3]],
    });
    await expect(readAll(request('public.visits', by('j')), ports)).rejects.toThrow(
      "rows cannot be read in the order of 'j'",
    );
    await expect(readAll(request('public.visits', by('whom')), ports)).rejects.toThrow("did you mean 'who'?");
    await admin.query('INSERT INTO visits VALUES (NULL, 4)');
    await expect(readAll(request('public.visits', by('who,n')), ports)).rejects.toThrow(
      'a null in keyFields',
    );
  });

  test('a column altered during the run ends it, a new one waits for the next', async () => {
    await admin.query('CREATE TABLE altered (id int PRIMARY KEY, n int); INSERT INTO altered VALUES (1, 2)');
    const { splits } = await jdbc.describe(request('public.altered'), ports);
    await admin.query('ALTER TABLE altered ADD later int DEFAULT 3');
    const whole = await jdbc.open(request('public.altered', { fields: ['*'] }), splits[0] ?? {}, ports);
    expect((await whole.read(undefined)).rows).toEqual([[{ id: 1, n: 2 }]]);
    await whole.close();
    await admin.query('ALTER TABLE altered ALTER n TYPE text');
    await expect(
      jdbc.open(request('public.altered', { fields: ['n'] }), splits[0] ?? {}, ports),
    ).rejects.toMatchObject({ name: 'SchemaChanged', message: expect.stringContaining("'n' changed") });
    const others = await jdbc.open(request('public.altered', { fields: ['id'] }), splits[0] ?? {}, ports);
    expect((await others.read(undefined)).rows).toEqual([[1]]);
    await others.close();
  });
});

describe('windows', () => {
  const day = Date.parse('2024-03-01T00:00:00Z');

  test.each(['timestamptz', 'timestamp', 'timestamp(0)', 'date'])(
    '%s: from start, before end',
    async (type) => {
      await admin.query(`
      DROP TABLE IF EXISTS stamped; CREATE TABLE stamped (id int PRIMARY KEY, at ${type}); SET TimeZone = 'UTC';
      INSERT INTO stamped VALUES (1, '2024-02-29 00:00'), (2, '2024-03-01 00:00'), (3, '2024-03-02 00:00'), (4, NULL), (5, 'infinity')`);
      const fields = { fields: ['id'], incrementalField: 'at' };
      const window = { start: day, end: day + 86_400_000 };
      expect(await columnOf('public.stamped', { ...fields, window })).toEqual([2]);
      expect(await columnOf('public.stamped', { ...fields, window: { end: day + 1 } })).toEqual([
        1, 2, 3, 4, 5,
      ]);
      // An index that begins with the stamp orders the pages.
      await admin.query('CREATE INDEX ON stamped USING brin (at)');
      const byKey = await jdbc.describe(request('public.stamped', { ...fields, window }), ports);
      expect(byKey.splits).toMatchObject([{ order: ['id'] }]);
      await admin.query('CREATE INDEX ON stamped (at DESC)');
      const { rows, description } = await readAll(
        request('public.stamped', { ...fields, window, limit: 1 }),
        ports,
      );
      expect(rows).toEqual([[2]]);
      expect(description.splits).toMatchObject([{ order: ['at', 'id'] }]);
      expect(description.appliesWindow).toBe(true);
    },
  );

  test('microseconds on either side of a bound', async () => {
    await admin.query(`
      CREATE TABLE fine (id int PRIMARY KEY, at timestamp);
      INSERT INTO fine VALUES (1, '2024-03-01 00:00:00.000999'), (2, '2024-03-01 00:00:00.001'), (3, '2024-03-01 00:00:00.001999')`);
    const fields = { fields: ['id'], incrementalField: 'at' };
    expect(await columnOf('public.fine', { ...fields, window: { start: day, end: day + 1 } })).toEqual([1]);
    expect(await columnOf('public.fine', { ...fields, window: { start: day + 1, end: day + 2 } })).toEqual([
      2, 3,
    ]);
  });

  test('a field that cannot bound a window, or none', async () => {
    await admin.query('CREATE TABLE undated (id int PRIMARY KEY, born date, at timestamptz)');
    const window = { start: day, end: day + 1 };
    await expect(
      jdbc.describe(request('public.undated', { fields: ['id'], incrementalField: 'id', window }), ports),
    ).rejects.toThrow(
      "public.undated: 'id' cannot bound a pull window; got integer; expected a column with date and time: born, at",
    );
    await expect(jdbc.describe(request('public.undated', { fields: ['id'], window }), ports)).rejects.toThrow(
      'name one as datetimeTypeFieldName: born, at',
    );
  });

  const completeUntil = async (incrementalField: string, more: Partial<SourceRequest> = {}, from = ports) => {
    const { completeUntil } = await jdbc.describe(
      request('public.orders', {
        fields: ['id'],
        incrementalField,
        window: { start: 0, end: Date.now() },
        ...more,
      }),
      from,
    );
    return completeUntil ?? Number.NaN;
  };

  test('rows of a transaction open during one run come in the next', async () => {
    await admin.query(
      'CREATE TABLE orders (id int PRIMARY KEY, at timestamptz DEFAULT now(), second timestamp(0), day date DEFAULT CURRENT_DATE)',
    );
    const writer = await clientOf(server.username, server.password);
    await writer.query('BEGIN');
    const began = Date.parse((await writer.query('SELECT now()')).rows[0].now.toISOString());
    await writer.query('INSERT INTO orders VALUES (1)');
    await admin.query('SELECT pg_sleep(0.02)');
    await admin.query('INSERT INTO orders VALUES (2)');

    const fields = { fields: ['id'], incrementalField: 'at' };
    const first = { start: 0, end: await completeUntil('at') };
    expect(first.end).toBe(began);
    expect(await columnOf('public.orders', { ...fields, window: first })).toEqual([]);
    await writer.query('COMMIT');

    const second = { start: first.end, end: await completeUntil('at') };
    expect(second.end).toBeGreaterThan(began);
    expect(await columnOf('public.orders', { ...fields, window: second })).toEqual([1, 2]);
    await writer.end();
  });

  test('a window ends no finer than the column is stored', async () => {
    expect((await completeUntil('second')) % 1000).toBe(0);
    expect((await completeUntil('day')) % 86_400_000).toBe(0);
    expect(await completeUntil('at')).toBeGreaterThan(Date.now() - 60_000);
  });

  test('local time in a column without a zone is warned of', async () => {
    const zoneless = portsOf(server);
    await completeUntil('second', {}, zoneless);
    expect(zoneless.warnings).toEqual([]);
    await admin.query("ALTER ROLE postgres SET TimeZone = 'Asia/Tokyo'");
    await completeUntil('at', {}, zoneless);
    expect(zoneless.warnings).toEqual([]);
    await completeUntil('second', {}, zoneless);
    await admin.query('ALTER ROLE postgres RESET TimeZone');
    expect(zoneless.warnings).toEqual([
      'the incremental field has no time zone and is taken as UTC, but the sessions of this database are not in UTC by default: rows stamped with local time are late or lost {"field":"second","zone":"Asia/Tokyo"}',
    ]);
  });

  test('our own reading holds no window back; a prepared transaction does', async () => {
    const reader = new pg.Client({ ...server, user: server.username, application_name: 'tributary-reader' });
    await reader.connect();
    await reader.query('BEGIN');
    await reader.query('SELECT pg_sleep(0.05)');
    const began = (await reader.query('SELECT now()')).rows[0].now.getTime();
    expect(await completeUntil('at')).toBeGreaterThan(began);
    await reader.query('COMMIT');
    await reader.end();

    await admin.query("BEGIN; INSERT INTO orders VALUES (3); PREPARE TRANSACTION 'two-phase'");
    const { prepared } = (await admin.query('SELECT prepared FROM pg_prepared_xacts')).rows[0];
    expect(await completeUntil('at')).toBe(prepared.getTime() - 600_000);
    expect(ports.warnings.at(-1)).toContain('a prepared transaction waits for its commit');
    await admin.query("ROLLBACK PREPARED 'two-phase'");
  });

  test('a user that may not see transactions stays five minutes behind and says so', async () => {
    await admin.query("CREATE ROLE reader LOGIN PASSWORD 'secret'; GRANT SELECT ON orders TO reader");
    const blind = portsOf({ username: 'reader', password: 'secret' });
    const until = await completeUntil('at', {}, blind);
    expect(Math.abs(Date.now() - 300_000 - until)).toBeLessThan(30_000);
    expect(blind.warnings).toEqual([
      'the user may not see when other sessions began their transactions: GRANT pg_read_all_stats to it {"hiddenSessions":1,"marginSeconds":300}',
    ]);
    await admin.query('GRANT pg_read_all_stats TO reader');
    expect(await completeUntil('at', {}, blind)).toBeGreaterThan(Date.now() - 60_000);
    expect(blind.warnings).toHaveLength(1);
  });
});

describe('filters', () => {
  const fieldTypes: Readonly<Record<string, FieldType>> = {
    s: 'String',
    c: 'String',
    i: 'Integer',
    l: 'Long',
    n: 'BigDecimal',
    f: 'Double',
    r: 'Float',
    b: 'Boolean',
    d: 'Date',
    t: 'DateTime',
    z: 'DateTime',
    e: 'String',
  };
  const operators: FilterOperator[] = [
    'EQUAL_TO',
    'NOT_EQUAL_TO',
    'LESS_THAN',
    'LESS_THAN_OR_EQUAL_TO',
    'GREATER_THAN',
    'GREATER_THAN_OR_EQUAL_TO',
    'BETWEEN',
    'CONTAINS',
  ];
  const pools: Readonly<Record<string, readonly string[]>> = {
    s: ['a', 'A', 'á', 'b', '', 'ab', "o'; --", '\\', '%', '_', '😀', '\uffee', 'a b'],
    c: ['a', 'A', 'b'],
    i: ['0', '1', '-7', '2147483647'],
    l: ['0', '9007199254740993', '9007199254740992', '-9223372036854775808'],
    n: ['0', '0.10', '0.1', '12345678901234567890.5', '-1', '7'],
    f: ['0', '0.1', '0.30000000000000004', '-1.5', '7'],
    r: ['0', '0.1', '7'],
    b: ['true', 'false'],
    d: ['2024-02-29', '1999-12-31', '0001-01-01'],
    t: ['2024-02-29T12:00:00.000Z', '2024-02-29T12:00:00.000001Z', '1999-12-31T23:59:59.999Z'],
    z: ['2024-02-29T12:00:00.000Z', '2024-02-29T12:00:00.000001Z', '1999-12-31T23:59:59.999Z'],
    e: ['small', 'medium', 'large'],
  };
  const odd: Readonly<Record<string, readonly string[]>> = {
    n: ['NaN', 'Infinity', '-Infinity'],
    f: ['NaN', 'Infinity', '-Infinity'],
    d: ['infinity', '-infinity', '10000-01-01', '0044-03-15 BC'],
    t: ['infinity', '-infinity', '12000-01-01', '0001-06-01 BC'],
    z: ['infinity'],
  };

  test('pushed down or not, a filter keeps what the engine would keep', async () => {
    await admin.query(`
      CREATE COLLATION anycase (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
      CREATE TYPE sizes AS ENUM ('small', 'medium', 'large'); SET TimeZone = 'UTC';
      CREATE TABLE sieve (id serial PRIMARY KEY, s text, c text COLLATE anycase, i int4, l int8, n numeric, f float8, r float4, b bool, d date, t timestamp, z timestamptz, e sizes);
      INSERT INTO sieve DEFAULT VALUES`);
    for (const [column, pool] of Object.entries(pools)) {
      for (const value of [...pool, ...(odd[column] ?? [])]) {
        await admin.query(`INSERT INTO sieve (${column}) VALUES ($1)`, [value]);
      }
    }
    const everything = await readAll(request('public.sieve'), ports);
    const names = everything.description.fields.map(({ name }) => name);
    const condition = fc.constantFrom(...Object.keys(pools)).chain((field) =>
      fc
        .record({
          operator: fc.constantFrom(...operators),
          values: fc.uniqueArray(fc.constantFrom(...(pools[field] ?? [])), { minLength: 2, maxLength: 3 }),
        })
        .map(
          ({ operator, values }): FilterCondition => ({
            field,
            operator,
            type: operator === 'CONTAINS' ? 'String' : (fieldTypes[field] ?? 'String'),
            values:
              operator === 'BETWEEN'
                ? values.slice(0, 2).sort()
                : operator.includes('_THAN')
                  ? values.slice(0, 1)
                  : values,
          }),
        ),
    );
    const connection = await postgresql.connect({ ...server, ssl: 'disable' });
    const table = await connection.table('public', 'sieve');
    let pushed = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(condition, { minLength: 1, maxLength: 3 }), async (filters) => {
        const selection = selectionOf(postgresql, table, request('', { fields: ['id'], filters }), ['id']);
        const applied = filters.filter((_, i) => selection.appliedFilters.includes(i));
        pushed += applied.length;
        const keeps = applied.map((filter) => ({
          index: names.indexOf(filter.field),
          keep: compileFilter(filter),
        }));
        const kept = everything.rows.filter((row) =>
          keeps.every(({ index, keep }) => keep(row[index] ?? null)),
        );
        const { sql, values } = selection.statement(undefined, 1000);
        const ids: unknown[] = [];
        await connection.query(sql, values, (raw) => ids.push(...selection.toRow(raw)), 'public.sieve');
        expect(ids).toEqual(kept.map(([id]) => id));
      }),
      { numRuns: 1000 },
    );
    await connection.close();
    expect(pushed).toBeGreaterThan(1000);
  });

  test('which are pushed down', async () => {
    const applied = async (field: string, type: FieldType, operator: FilterOperator, values: string[]) =>
      (
        await jdbc.describe(
          request('public.sieve', { fields: ['id'], filters: [{ field, type, operator, values }] }),
          ports,
        )
      ).appliedFilters.length === 1;
    expect(await applied('s', 'String', 'EQUAL_TO', ['a'])).toBe(true);
    expect(await applied('s', 'String', 'CONTAINS', ['a'])).toBe(true);
    expect(await applied('i', 'Double', 'LESS_THAN', ['1.5'])).toBe(true);
    expect(await applied('i', 'String', 'EQUAL_TO', ['1'])).toBe(true);
    expect(await applied('i', 'String', 'EQUAL_TO', ['01'])).toBe(false);
    expect(await applied('i', 'String', 'LESS_THAN', ['1'])).toBe(false);
    expect(await applied('r', 'Float', 'EQUAL_TO', ['0.1'])).toBe(false);
    expect(await applied('t', 'Date', 'EQUAL_TO', ['2024-01-01'])).toBe(false);
    expect(await applied('s', 'String', 'LESS_THAN', ['😀'])).toBe(false);
    expect(await applied('s', 'String', 'EQUAL_TO', ['\0'])).toBe(false);
    expect(await applied('nowhere', 'String', 'EQUAL_TO', ['a'])).toBe(false);
  });
});

describe('names and values are no SQL', () => {
  const nasty = `t"; DROP TABLE victims; --`;

  test('in tables, columns, keys and filters', async () => {
    const quoted = `"${nasty.replaceAll('"', '""')}"`;
    await admin.query(
      `CREATE TABLE victims (id int); CREATE SCHEMA "s.x"; CREATE TABLE "s.x".${quoted} (${quoted} text PRIMARY KEY)`,
    );
    await admin.query(`INSERT INTO "s.x".${quoted} VALUES ($1), ('b')`, [nasty]);
    const entity = `s.x/${nasty}`;
    expect((await jdbc.listEntities(request(''), 's.x', ports)).map(({ name }) => name)).toEqual([entity]);
    const filter: FilterCondition = { field: nasty, operator: 'EQUAL_TO', type: 'String', values: [nasty] };
    const full = request(entity, { fields: [nasty], filters: [filter] });
    const { splits, appliedFilters } = await jdbc.describe(full, ports);
    expect(appliedFilters).toEqual([0]);
    const session = await jdbc.open(full, splits[0] ?? {}, ports);
    expect((await session.read(undefined)).rows).toEqual([[nasty]]);
    expect((await session.read({ after: [`' OR true; DROP TABLE victims; --`], rows: 5 })).rows).toEqual([
      [nasty],
    ]);
    await session.close();
    for (const entityName of [`public.${nasty}`, `${nasty}.victims`, `public.victims" WHERE false; --`]) {
      await expect(jdbc.describe(request(entityName), ports)).rejects.toMatchObject({
        name: 'ResourceNotFoundError',
      });
    }
    await expect(
      jdbc.describe(
        request('public.victims', { fields: ['id'], window: { end: 0 }, incrementalField: nasty }),
        ports,
      ),
    ).rejects.toMatchObject({ name: 'SchemaChanged' });
    expect((await admin.query("SELECT to_regclass('victims') AS it")).rows).toEqual([{ it: 'victims' }]);
  });

  test.each(['postgres://elsewhere/db', 'host;sslmode=disable', '/var/run/postgresql', 'user@host', ''])(
    'the host %j',
    async (hostname) => {
      const { settings } = request('public.orders');
      await expect(
        jdbc.testConnection(request('public.orders', { settings: { ...settings, hostname } }), ports),
      ).rejects.toMatchObject({ name: 'ConnectionInvalid' });
    },
  );
});

describe('what goes wrong is named', () => {
  const settings = (more: Record<string, string>) => ({ settings: { ...request('').settings, ...more } });
  const connecting = (more: Partial<SourceRequest>, from = ports) =>
    jdbc.testConnection(request('public.orders', more), from);

  test('a good connection', async () => {
    await expect(connecting({})).resolves.toBeUndefined();
    await expect(
      connecting({ ...settings({ hostname: 'nowhere' }), endpoint: `http://${server.host}:${server.port}` }),
    ).resolves.toBeUndefined();
  });

  test('nobody listens', async () => {
    await expect(connecting(settings({ port: '1' }))).rejects.toMatchObject({
      name: 'ConnectorUnreachable',
      message: expect.stringMatching(
        /^127\.0\.0\.1:1: cannot connect: connect ECONNREFUSED .*security group/,
      ),
    });
  });

  test('a wrong password, which the error does not show', async () => {
    const wrong = portsOf({ username: server.username, password: 'hunter2-wrong' });
    const error = await connecting({}, wrong).catch((error) => error);
    expect(error.name).toBe('InvalidCredentials');
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain('hunter2');
    for (const credentials of [{ username: server.username }, { username: server.username, password: '' }]) {
      await expect(connecting({}, portsOf(credentials))).rejects.toMatchObject({
        name: 'InvalidCredentials',
      });
    }
  });

  test('settings', async () => {
    await expect(connecting(settings({ database: 'nowhere' }))).rejects.toMatchObject({
      name: 'ResourceNotFoundError',
    });
    await expect(connecting(settings({ driver: 'oracle' }))).rejects.toThrow(
      'connection shop-database: the setting \'driver\' is wrong; got "oracle"; expected postgresql or mysql',
    );
    await expect(connecting(settings({ driver: 'toString' }))).rejects.toMatchObject({
      name: 'ConnectionInvalid',
    });
    await expect(connecting(settings({ port: '99999' }))).rejects.toMatchObject({
      name: 'ConnectionInvalid',
    });
    await expect(connecting(settings({ ssl: 'maybe' }))).rejects.toMatchObject({ name: 'ConnectionInvalid' });
    await expect(connecting(settings({ ssl: 'require' }))).rejects.toMatchObject({
      name: 'ConnectorUnreachable',
      message: expect.stringContaining("ssl setting, now 'require'"),
    });
  });

  test('schemas, tables and fields', async () => {
    await expect(jdbc.describe(request('publik.orders'), ports)).rejects.toThrow(
      "publik: the database has no such schema; did you mean 'public'?",
    );
    await expect(jdbc.describe(request('public.order'), ports)).rejects.toThrow(
      "public.order: the schema has no such table or view; did you mean 'orders'?",
    );
    await expect(jdbc.describe(request('orders'), ports)).rejects.toThrow('expected schema.table');
    await expect(jdbc.describe(request('public.orders', { fields: ['dayy'] }), ports)).rejects.toThrow(
      "did you mean 'day'?",
    );
  });

  test('rights', async () => {
    await admin.query(
      "CREATE ROLE clerk LOGIN PASSWORD 'clerk'; CREATE TABLE salaries (id int PRIMARY KEY, name text, pay int); GRANT SELECT (id, name) ON salaries TO clerk; CREATE SCHEMA board; CREATE TABLE board.minutes (id int PRIMARY KEY); GRANT SELECT ON board.minutes TO clerk",
    );
    const clerk = portsOf({ username: 'clerk', password: 'clerk' });
    const { fields } = await jdbc.describe(request('public.salaries'), clerk);
    expect(fields.map(({ name }) => name)).toEqual(['id', 'name']);
    await expect(jdbc.describe(request('public.orders'), clerk)).rejects.toMatchObject({
      name: 'AccessDenied',
    });
    await expect(jdbc.describe(request('board.minutes'), clerk)).rejects.toMatchObject({
      name: 'AccessDenied',
    });
    expect((await jdbc.listEntities(request(''), 'public', clerk)).map(({ name }) => name)).toEqual([
      'public.salaries',
    ]);
    expect(await jdbc.listEntities(request(''), undefined, clerk)).toContainEqual({
      name: 'public',
      label: 'public',
      hasNestedEntities: true,
    });
  });

  test('a connection cut in the middle: the next try goes on', async () => {
    const full = request('public.long_one', { fields: ['id'] });
    const { splits } = await jdbc.describe(full, ports);
    const session = await jdbc.open(full, splits[0] ?? {}, ports);
    const first = await session.read(undefined);
    const rows = [...first.rows];
    await admin.query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'tributary-reader'",
    );
    // The next page may have been read already.
    const failures: unknown[] = [];
    for (let token = first.next; token && failures.length < 2; ) {
      const page = await session.read(token).catch((error: unknown) => void failures.push(error));
      if (!page) continue;
      rows.push(...page.rows);
      token = page.next;
    }
    expect(failures).toMatchObject([{ name: 'ServerError' }]);
    expect(rows).toEqual(Array.from({ length: 25_000 }, (_, i) => [i + 1]));
    await session.close();
  });

  test('a statement that takes too long, a lock that is held', async () => {
    const connection = await postgresql.connect({ ...server, ssl: 'disable' });
    const query = (sql: string) => connection.query(sql, [], () => undefined, 'public.orders');
    await query('SET statement_timeout = 50');
    await expect(query('SELECT pg_sleep(5)')).rejects.toMatchObject({ name: 'RequestTimeout' });
    await query('SET lock_timeout = 20');
    await admin.query('BEGIN; LOCK TABLE orders');
    await expect(query('SELECT * FROM public.orders')).rejects.toThrow(
      'another session holds a lock on the table',
    );
    await admin.query('COMMIT');
    await connection.close();
  });

  test('sessions can write nothing', async () => {
    await admin.query(
      "CREATE TABLE written (id int); CREATE FUNCTION writes() RETURNS int LANGUAGE sql AS 'INSERT INTO public.written VALUES (1) RETURNING 1'; CREATE VIEW trap AS SELECT writes() AS id",
    );
    const full = request('public.trap', {
      fields: ['id'],
      properties: { entityName: 'public.trap', customProperties: { keyFields: 'id' } },
    });
    await expect(readAll(full, ports)).rejects.toMatchObject({
      name: 'ClientError',
      message: expect.stringContaining('read-only'),
    });
  });
});
