/** MySQL's dialect against a real MariaDB: `npm run test:large databases`. */

import { setTimeout } from 'node:timers/promises';
import fc from 'fast-check';
import mysql2 from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { FieldType, FilterCondition, FilterOperator, SourceRequest } from '#core';
import { mysql } from '../../../connectors/jdbc/mysql.ts';
import { selectionOf } from '../../../connectors/jdbc/selection.ts';
import { jdbc } from '../../../connectors/jdbc/source.ts';
import { compileFilter } from '../../../engine/tasks/filter.ts';
import { portsOf, readAll, requestOn, type TestPorts } from '../../connectors/jdbc/requests.ts';
import { startMariaDb, type TestMariaDb } from './mariadb.ts';

let server: TestMariaDb;
let admin: mysql2.Connection;
let ports: TestPorts;

beforeAll(async () => {
  server = await startMariaDb();
  admin = await clientOf(server.username, server.password);
  // InnoDB lists its transactions anew after a tenth of a second only.
  ports = portsOf(server, setTimeout);
}, 60_000);

afterAll(async () => {
  await admin?.end();
  await server?.stop();
});

async function clientOf(user: string, password: string): Promise<mysql2.Connection> {
  const { host, port, database } = server;
  const client = await mysql2.createConnection({
    host,
    port,
    database,
    user,
    password,
    multipleStatements: true,
    dateStrings: true,
  });
  await client.query("SET sql_mode = '', time_zone = '+00:00'");
  return client;
}

const request = (entityName: string, more: Partial<SourceRequest> = {}) =>
  requestOn('mysql', server, entityName, more);

async function columnOf(entityName: string, more: Partial<SourceRequest> = {}) {
  return (await readAll(request(entityName, more), ports)).rows.map(([value]) => value);
}

describe('types', () => {
  test('every built-in type arrives in its canonical form', async () => {
    await admin.query(`
      CREATE TABLE kinds (
        id int PRIMARY KEY, ti tinyint(1), tu tinyint unsigned, si smallint, su smallint unsigned, mi mediumint, mu mediumint unsigned, iu int unsigned,
        bi bigint, bu bigint unsigned, f float, d double, n decimal(30,10), b1 bit(1), b5 bit(5), y year,
        da date, dt datetime, d6 datetime(6), ts timestamp(3) NULL, t time(6), c char(5), v varchar(20), l1 varchar(20) CHARACTER SET latin1,
        tx mediumtext, en enum('small','large'), se set('a','b','c'), bn binary(3), vb varbinary(5), bl blob, j json, g point, u uuid, ip inet6)
        COMMENT 'all of them' DEFAULT CHARSET utf8mb4;
      ALTER TABLE kinds MODIFY en enum('small','large') COMMENT 'its size';
      INSERT INTO kinds VALUES (1, 2, 255, -32768, 65535, -8388608, 16777215, 4294967295, -9223372036854775808, 18446744073709551615,
        16777215, 1e-7, 12345678901234567890.0123456789, 1, b'00101', 2024,
        '2024-02-29', '2024-02-29 12:34:56', '2024-02-29 12:34:56.789012', '2024-02-29 12:34:56.789', '-12:00:00.5', 'ab', 'héllo "😀"', 'é',
        'long', 'large', 'a,c', x'00ff10', x'00', x'ff', '{"a": [1, 12345678901234567890]}', POINT(1, 2.5),
        'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '::1');
      INSERT INTO kinds (id) VALUES (2);`);
    const { rows, description } = await readAll(request('shop.kinds'), ports);
    const [first, second] = rows.map((row) =>
      Object.fromEntries(row.map((value, i) => [description.fields[i]?.name, value])),
    );
    expect(first).toEqual({
      id: 1,
      ti: 2,
      tu: 255,
      si: -32768,
      su: 65535,
      mi: -8388608,
      mu: 16777215,
      iu: 4294967295,
      bi: -9223372036854775808n,
      bu: 18446744073709551615n,
      f: 16777215,
      d: 1e-7,
      n: '12345678901234567890.0123456789',
      b1: true,
      b5: '00101',
      y: 2024,
      da: '2024-02-29',
      dt: '2024-02-29T12:34:56Z',
      d6: '2024-02-29T12:34:56.789012Z',
      ts: '2024-02-29T12:34:56.789Z',
      t: '-12:00:00.500000',
      c: 'ab',
      v: 'héllo "😀"',
      l1: 'é',
      tx: 'long',
      en: 'large',
      se: 'a,c',
      bn: Buffer.from([0, 255, 16]),
      vb: Buffer.from([0]),
      bl: Buffer.from([255]),
      j: '{"a": [1, 12345678901234567890]}',
      g: 'POINT(1 2.5)',
      u: 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11',
      ip: '::1',
    });
    expect(new Set(Object.values(second ?? {}))).toEqual(new Set([2, null]));
    expect(Object.fromEntries(description.fields.map(({ name, ...field }) => [name, field]))).toEqual({
      id: { type: 'Integer' },
      ti: { type: 'Short' },
      tu: { type: 'Short' },
      si: { type: 'Short' },
      su: { type: 'Integer' },
      mi: { type: 'Integer' },
      mu: { type: 'Integer' },
      iu: { type: 'Long' },
      bi: { type: 'Long' },
      bu: { type: 'BigInteger', precision: 20, scale: 0 },
      f: { type: 'Float' },
      d: { type: 'Double' },
      n: { type: 'BigDecimal', precision: 30, scale: 10 },
      b1: { type: 'Boolean' },
      b5: { type: 'String' },
      y: { type: 'Integer' },
      da: { type: 'Date' },
      dt: { type: 'DateTime', fractionDigits: 6 },
      d6: { type: 'DateTime', fractionDigits: 6 },
      ts: { type: 'DateTime', fractionDigits: 6 },
      t: { type: 'Time' },
      c: { type: 'String' },
      v: { type: 'String' },
      l1: { type: 'String' },
      tx: { type: 'String' },
      en: { type: 'String', description: 'its size' },
      se: { type: 'String' },
      bn: { type: 'ByteArray' },
      vb: { type: 'ByteArray' },
      bl: { type: 'ByteArray' },
      // MariaDB's JSON is a longtext.
      j: { type: 'String' },
      g: { type: 'String' },
      u: { type: 'String' },
      ip: { type: 'String' },
    });
  });

  test('zero dates are missing, half-zero ones their text', async () => {
    await admin.query(`
      CREATE TABLE zeros (id int PRIMARY KEY, d date NOT NULL, t datetime(3) NOT NULL);
      INSERT INTO zeros VALUES (1, '0000-00-00', '0000-00-00'), (2, '2024-05-00', '2024-00-00 01:02:03'), (3, '0001-01-01', '9999-12-31 23:59:59.999')`);
    expect((await readAll(request('shop.zeros'), ports)).rows).toEqual([
      [1, null, null],
      [2, '2024-05-00', '2024-00-00 01:02:03.000'],
      [3, '0001-01-01', '9999-12-31T23:59:59.999Z'],
    ]);
  });

  test('any double, integer and text survives', async () => {
    await admin.query(
      'CREATE TABLE survivors (id serial PRIMARY KEY, f double, i bigint, s text) DEFAULT CHARSET utf8mb4',
    );
    await fc.assert(
      fc.asyncProperty(
        fc.double({ noDefaultInfinity: true, noNaN: true, min: -1e300, max: 1e300 }),
        fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
        fc.string({ unit: 'grapheme' }),
        async (f, i, s) => {
          await admin.query('TRUNCATE survivors');
          await admin.query('INSERT INTO survivors (f, i, s) VALUES (?, ?, ?)', [f, String(i), s]);
          const { rows } = await readAll(request('shop.survivors', { fields: ['f', 'i', 's'] }), ports);
          const [[float, integer, text] = []] = rows;
          expect(float).toBe(f === 0 ? 0 : f);
          expect(BigInt(integer as number)).toBe(i);
          expect(text).toBe(s);
        },
      ),
      { numRuns: 30 },
    );
  }, 60_000);
});

describe('pages', () => {
  test.each([
    [
      'text that ignores case',
      'varchar(10) COLLATE utf8mb4_unicode_ci',
      ['a', 'B', 'á2', 'z', 'é', '', '_', 'a b'],
    ],
    ['latin1', 'varchar(10) CHARACTER SET latin1', ['a', 'é', 'ß', 'Z', 'z2']],
    ['bytes', 'varbinary(10)', [Buffer.from([0]), Buffer.from([255]), Buffer.from([]), Buffer.from([0, 1])]],
    ['big integers', 'bigint', ['9007199254740993', '9007199254740992', '-9223372036854775808', '0']],
    ['big unsigned integers', 'bigint unsigned', ['18446744073709551615', '18446744073709551614', '0']],
    [
      'decimals',
      'decimal(30,10)',
      ['12345678901234567890.0000000001', '12345678901234567890.0000000002', '-1'],
    ],
    ['doubles', 'double', ['0.1', '0.30000000000000004', '0.3', '-1e300']],
    [
      'moments',
      'datetime(6)',
      ['2024-01-01 00:00:00.000001', '2024-01-01', '0000-00-00', '9999-12-31 23:59:59.999999'],
    ],
    ['stamps', 'timestamp(3)', ['2024-11-03 05:30:00.001', '2024-11-03 06:30:00', '2024-03-10 07:00:00']],
    ['dates', 'date', ['2024-01-01', '1000-01-01']],
    ['times', 'time(2)', ['-838:59:59', '00:00:00.01', '838:59:59']],
    ['years', 'year', ['1901', '2155', '2024']],
    [
      'uuids',
      'uuid',
      [
        'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11',
        '00000000-0000-0000-0000-000000000000',
        'ffffffff-0000-0000-0000-000000000000',
      ],
    ],
  ])('keys of %s, one row a page', async (_name, type, values) => {
    await admin.query(
      `DROP TABLE IF EXISTS keyed; CREATE TABLE keyed (k ${type} NOT NULL, n int, m int, PRIMARY KEY (k, n, m)) DEFAULT CHARSET utf8mb4`,
    );
    for (const value of values)
      await admin.query('INSERT INTO keyed VALUES (?, 2, 1), (?, 1, 2), (?, 1, 1)', [value, value, value]);
    const full = request('shop.keyed', { fields: ['k', 'n', 'm'] });
    const { splits } = await jdbc.describe(full, ports);
    const session = await jdbc.open(full, splits[0] ?? {}, ports);
    const { rows } = await session.read(undefined);
    expect(rows).toHaveLength(values.length * 3);
    await session.close();
    const small = await jdbc.open({ ...full, limit: 1 }, splits[0] ?? {}, ports);
    let page = await small.read(undefined);
    const read = [...page.rows];
    while (page.next) {
      page = await small.read(JSON.parse(JSON.stringify({ ...page.next, rows: 1 })));
      read.push(...page.rows);
    }
    expect(read).toEqual(rows);
    await small.close();
  });

  test('a table longer than several pages, and rows that are wide', async () => {
    await admin.query(
      "CREATE TABLE long_one (id int PRIMARY KEY) AS SELECT seq AS id, CONCAT('row ', seq) AS name FROM seq_1_to_25000",
    );
    const { rows, tokens } = await readAll(request('shop.long_one', { fields: ['name'] }), ports);
    expect(rows.map(([name]) => name)).toEqual(Array.from({ length: 25_000 }, (_, i) => `row ${i + 1}`));
    expect(tokens).toEqual([
      { after: ['500'], rows: 10_000 },
      { after: ['10500'], rows: 10_000 },
      { after: ['20500'], rows: 10_000 },
    ]);
    await admin.query(
      "CREATE TABLE wide (id int PRIMARY KEY, body longblob) AS SELECT seq AS id, REPEAT('x', 100000) AS body FROM seq_1_to_400",
    );
    const wide = await readAll(request('shop.wide', { fields: ['id', 'body'] }), ports);
    expect(wide.rows.map(([id]) => id)).toEqual(Array.from({ length: 400 }, (_, i) => i + 1));
    expect(wide.tokens[0]).toEqual({ after: ['336'], rows: 83 });
  });

  test('what the rows are ordered by', async () => {
    await admin.query(`
      CREATE TABLE by_unique (a int NOT NULL, b varchar(5) NOT NULL, c int UNIQUE, UNIQUE (b, a));
      CREATE TABLE keyless (a int UNIQUE, b varchar(50) NOT NULL, UNIQUE (b(3)));
      CREATE TABLE by_enum (a enum('z', 'y') PRIMARY KEY, b float NOT NULL UNIQUE);
      CREATE VIEW seen AS SELECT * FROM keyless; INSERT INTO keyless VALUES (1, 'x'), (2, 'y')`);
    expect((await jdbc.describe(request('shop.by_unique', { fields: ['c'] }), ports)).primaryKey).toEqual([
      'b',
      'a',
    ]);
    for (const table of ['keyless', 'by_enum', 'seen']) {
      await expect(jdbc.describe(request(`shop.${table}`, { fields: ['a'] }), ports)).rejects.toThrow(
        'has no key',
      );
    }
    const properties = { entityName: 'shop.seen', customProperties: { keyFields: 'a' } };
    expect(await columnOf('shop.seen', { properties, fields: ['b'] })).toEqual(['x', 'y']);
  });
});

describe('windows', () => {
  const day = Date.parse('2024-03-10T00:00:00Z');

  test.each(['datetime', 'datetime(6)', 'timestamp NULL', 'date'])(
    '%s: from start, before end',
    async (type) => {
      await admin.query(`DROP TABLE IF EXISTS stamped; CREATE TABLE stamped (id int PRIMARY KEY, at ${type});
      INSERT INTO stamped VALUES (1, '2024-03-09'), (2, '2024-03-10'), (3, '2024-03-11'), (4, NULL)`);
      const fields = { fields: ['id'], incrementalField: 'at' };
      const window = { start: day, end: day + 86_400_000 };
      expect(await columnOf('shop.stamped', { ...fields, window })).toEqual([2]);
      expect(await columnOf('shop.stamped', { ...fields, window: { end: day + 1 } })).toEqual([1, 2, 3, 4]);
      await admin.query('CREATE INDEX by_stamp ON stamped (at)');
      const { rows, description } = await readAll(request('shop.stamped', { ...fields, window }), ports);
      expect(rows).toEqual([[2]]);
      expect(description.splits).toMatchObject([{ order: ['at', 'id'] }]);
    },
  );

  const completeUntil = async (incrementalField: string, from = ports) => {
    const more = { fields: ['id'], incrementalField, window: { start: 0, end: Date.now() } };
    return (await jdbc.describe(request('shop.orders', more), from)).completeUntil ?? Number.NaN;
  };

  test('rows of a transaction open during one run come in the next', async () => {
    await admin.query(
      'CREATE TABLE orders (id int PRIMARY KEY, at datetime(6) DEFAULT NOW(6), second datetime DEFAULT NOW())',
    );
    const writer = await clientOf(server.username, server.password);
    await writer.query('BEGIN; INSERT INTO orders (id) VALUES (1)');
    const [[stamp]] = await writer.query<mysql2.RowDataPacket[]>('SELECT at FROM orders');
    const stamped = Date.parse(`${stamp?.at.replace(' ', 'T')}Z`);
    await admin.query('DO SLEEP(1.1); INSERT INTO orders (id) VALUES (2)');

    const fields = { fields: ['id'], incrementalField: 'at' };
    const first = { start: 0, end: await completeUntil('at') };
    expect(first.end).toBeLessThanOrEqual(stamped);
    expect(first.end).toBeGreaterThan(stamped - 3000);
    expect(await columnOf('shop.orders', { ...fields, window: first })).toEqual([]);
    await writer.query('COMMIT');
    await admin.query('DO SLEEP(1.1)');
    const second = { start: first.end, end: await completeUntil('at') };
    expect(second.end).toBeGreaterThan(stamped + 1000);
    expect(second.end).toBeLessThan(Date.now());
    expect(await columnOf('shop.orders', { ...fields, window: second })).toEqual([1, 2]);

    await writer.query('START TRANSACTION READ ONLY; SELECT * FROM orders');
    expect(await completeUntil('at')).toBeGreaterThanOrEqual(second.end);
    await writer.end();
  });

  test('a statement that waits before its transaction begins', async () => {
    const owner = await clientOf(server.username, server.password);
    const writer = await clientOf(server.username, server.password);
    await owner.query('LOCK TABLES orders WRITE');
    const waiting = writer.query('INSERT INTO orders (id) VALUES (9)');
    await admin.query('DO SLEEP(1.2)');
    // describe reads the catalog alone: it need not wait for the table.
    const until = await completeUntil('at');
    await owner.query('UNLOCK TABLES');
    await waiting;
    const [[row]] = await admin.query<mysql2.RowDataPacket[]>('SELECT at FROM orders WHERE id = 9');
    expect(until).toBeLessThanOrEqual(Date.parse(`${row?.at.replace(' ', 'T')}Z`));
    await owner.end();
    await writer.end();
  });

  test('a window ends no finer than the column is stored', async () => {
    expect((await completeUntil('second')) % 1000).toBe(0);
  });

  test('without PROCESS five minutes behind, and it says so', async () => {
    await admin.query("CREATE USER reader IDENTIFIED BY 'secret'; GRANT SELECT ON shop.orders TO reader");
    const blind = portsOf({ username: 'reader', password: 'secret' }, setTimeout);
    expect(Math.abs(Date.now() - 300_000 - (await completeUntil('at', blind)))).toBeLessThan(30_000);
    // The server's own zone is New York's, and `at` is a datetime.
    expect(blind.warnings).toEqual([
      'the user may not see open transactions: GRANT PROCESS ON *.* to it {"marginSeconds":300}',
      expect.stringMatching(/not in UTC by default.* \{"field":"at","zone":"E[SD]T"\}$/),
    ]);
    await admin.query('GRANT PROCESS ON *.* TO reader');
    expect(await completeUntil('at', blind)).toBeGreaterThan(Date.now() - 60_000);
    expect(blind.warnings).toHaveLength(3);
  });
});

describe('filters', () => {
  const types: Readonly<Record<string, FieldType>> = {
    s: 'String',
    l: 'String',
    e: 'String',
    i: 'Integer',
    u: 'BigInteger',
    n: 'BigDecimal',
    f: 'Double',
    d: 'Date',
    t: 'DateTime',
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
    s: ['a', 'A', 'á', 'a ', 'b', '', 'ab', "o'; --", '\\', '%', '_', '😀', 'a b', 'ß', 'ss'],
    l: ['a', 'A', 'é', 'b', ''],
    e: ['small', 'medium', 'large'],
    i: ['0', '1', '-7', '2147483647'],
    u: ['0', '9007199254740993', '9007199254740992', '18446744073709551615'],
    n: ['0', '0.1', '1234567890123456789.5', '-1'],
    f: ['0', '0.1', '0.30000000000000004', '-1.5'],
    d: ['2024-02-29', '1999-12-31', '1000-01-01'],
    t: ['2024-02-29T12:00:00.000Z', '2024-02-29T12:00:00.000001Z', '1999-12-31T23:59:59.999Z'],
  };
  const beside: Readonly<Record<string, readonly string[]>> = {
    l: ['日本'],
    d: ['0000-00-00', '2024-05-00'],
    t: ['0000-00-00', '2024-00-10 01:01:01'],
  };

  test('pushed down or not, a filter keeps what the engine would keep', async () => {
    await admin.query(`CREATE TABLE sieve (id int AUTO_INCREMENT PRIMARY KEY, s varchar(20) COLLATE utf8mb4_unicode_ci, l varchar(20) CHARACTER SET latin1, e enum('small','medium','large'),
      i int, u bigint unsigned, n decimal(30,5), f double, d date, t datetime(6), KEY (s), KEY (l)) DEFAULT CHARSET utf8mb4; INSERT INTO sieve () VALUES ()`);
    for (const [column, pool] of Object.entries(pools)) {
      const stored = [...pool, ...(column === 'l' ? [] : (beside[column] ?? []))];
      for (const value of stored) {
        await admin.query(`INSERT INTO sieve (${column}) VALUES (?)`, [
          column === 't' ? value.replace('T', ' ').replace('Z', '') : value,
        ]);
      }
    }
    const everything = await readAll(request('shop.sieve'), ports);
    const names = everything.description.fields.map(({ name }) => name);
    const condition = fc.constantFrom(...Object.keys(pools)).chain((field) =>
      fc
        .record({
          operator: fc.constantFrom(...operators),
          values: fc.uniqueArray(
            fc.constantFrom(...(pools[field] ?? []), ...(field === 'l' ? (beside.l ?? []) : [])),
            { minLength: 2, maxLength: 3 },
          ),
        })
        .map(
          ({ operator, values }): FilterCondition => ({
            field,
            operator,
            type: operator === 'CONTAINS' ? 'String' : (types[field] ?? 'String'),
            values:
              operator === 'BETWEEN'
                ? values.slice(0, 2).sort()
                : operator.includes('_THAN')
                  ? values.slice(0, 1)
                  : values,
          }),
        ),
    );
    const connection = await mysql.connect({ ...server, ssl: 'disable' });
    const table = await connection.table('shop', 'sieve');
    let pushed = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(condition, { minLength: 1, maxLength: 3 }), async (filters) => {
        const selection = selectionOf(mysql, table, request('', { fields: ['id'], filters }), ['id']);
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
        await connection.query(sql, values, (raw) => ids.push(...selection.toRow(raw)), 'shop.sieve');
        expect(ids).toEqual(kept.map(([id]) => id));
      }),
      { numRuns: 1000 },
    );
    await connection.close();
    expect(pushed).toBeGreaterThan(1000);
  }, 60_000);
});

describe('what goes wrong is named', () => {
  const settings = (more: Record<string, string>) => ({ settings: { ...request('').settings, ...more } });
  const connecting = (more: Partial<SourceRequest>, from = ports) =>
    jdbc.testConnection(request('shop.orders', more), from);

  test('connections', async () => {
    await expect(connecting({})).resolves.toBeUndefined();
    await expect(connecting(settings({ port: '1' }))).rejects.toMatchObject({ name: 'ConnectorUnreachable' });
    await expect(connecting(settings({ database: 'nowhere' }))).rejects.toMatchObject({
      name: 'ResourceNotFoundError',
    });
    await expect(connecting(settings({ ssl: 'require' }))).rejects.toMatchObject({
      name: 'ConnectorUnreachable',
      message: expect.stringContaining("ssl setting, now 'require'"),
    });
    const error = await connecting({}, portsOf({ username: 'admin', password: 'hunter2-wrong' })).catch(
      (error) => error,
    );
    expect(error.name).toBe('InvalidCredentials');
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain('hunter2');
  });

  test('schemas, tables and rights', async () => {
    await expect(jdbc.describe(request('shopp.orders'), ports)).rejects.toThrow("did you mean 'shop'?");
    await expect(jdbc.describe(request('shop.order'), ports)).rejects.toThrow("did you mean 'orders'?");
    await admin.query(
      "CREATE TABLE salaries (id int PRIMARY KEY, name text, pay int); CREATE USER clerk IDENTIFIED BY 'clerk'; GRANT SELECT (id, name) ON shop.salaries TO clerk",
    );
    const clerk = portsOf({ username: 'clerk', password: 'clerk' });
    expect((await jdbc.describe(request('shop.salaries'), clerk)).fields.map(({ name }) => name)).toEqual([
      'id',
      'name',
    ]);
    await expect(jdbc.describe(request('shop.orders'), clerk)).rejects.toMatchObject({
      name: 'ResourceNotFoundError',
    });
    expect((await jdbc.listEntities(request(''), 'shop', clerk)).map(({ name }) => name)).toEqual([
      'shop.salaries',
    ]);
    expect((await jdbc.listEntities(request(''), undefined, clerk)).map(({ name }) => name)).toEqual([
      'shop',
    ]);
  });

  test('names and values are no SQL', async () => {
    const nasty = 't`; DROP TABLE orders; -- \\';
    const quoted = `\`${nasty.replaceAll('`', '``')}\``;
    await admin.query(`CREATE TABLE ${quoted} (${quoted} varchar(50) PRIMARY KEY) DEFAULT CHARSET utf8mb4`);
    await admin.query(`INSERT INTO ${quoted} VALUES (?), ('b')`, [nasty]);
    const filter: FilterCondition = { field: nasty, operator: 'EQUAL_TO', type: 'String', values: [nasty] };
    expect(await columnOf(`shop/${nasty}`, { fields: [nasty], filters: [filter] })).toEqual([nasty]);
    await expect(jdbc.describe(request("shop.orders' OR '1'='1"), ports)).rejects.toMatchObject({
      name: 'ResourceNotFoundError',
    });
    expect(await columnOf('shop.orders', { fields: ['id'] })).toEqual([1, 2, 9]);
  });

  test('a connection cut in the middle: the next try goes on', async () => {
    const full = request('shop.long_one', { fields: ['id'] });
    const { splits } = await jdbc.describe(full, ports);
    const session = await jdbc.open(full, splits[0] ?? {}, ports);
    let { next } = await session.read(undefined);
    const [threads] = await admin.query<mysql2.RowDataPacket[]>(
      "SELECT id FROM information_schema.processlist WHERE id <> CONNECTION_ID() AND user = 'admin'",
    );
    for (const { id } of threads) await admin.query(`KILL ${Number(id)}`);
    // The page that was read ahead may have come in time; the one behind it cannot have.
    let lost: unknown;
    for (let reads = 0; reads < 2 && lost === undefined; reads++) {
      const page = await session.read(next).catch((error: unknown) => {
        lost = error;
      });
      if (page) next = page.next;
    }
    expect(lost).toMatchObject({ name: 'ServerError' });
    const after = next?.after as string[] | undefined;
    expect((await session.read(next)).rows[0]).toEqual([Number(after?.[0]) + 1]);
    await session.close();
  });

  test('a connection that is closed, or cut, while a statement is under way', async () => {
    const none = () => undefined;
    const sleeping = { code: 'ServerError', name: 'ServerError' };
    const closed = await mysql.connect({ ...server, ssl: 'disable' });
    const first = expect(closed.query('SELECT SLEEP(60)', [], none, 'shop')).rejects.toMatchObject(sleeping);
    await closed.close();
    await first;

    const cut = await mysql.connect({ ...server, ssl: 'disable' });
    let thread = 0;
    await cut.query('SELECT CONNECTION_ID()', [], ([id]) => (thread = Number(id)), 'shop');
    const second = expect(cut.query('SELECT SLEEP(60)', [], none, 'shop')).rejects.toMatchObject(sleeping);
    await admin.query(`KILL ${thread}`);
    await second;
    await cut.close();
  });

  test('a statement that takes too long', async () => {
    const connection = await mysql.connect({ ...server, ssl: 'disable' });
    const none = () => undefined;
    await connection.query('SET SESSION max_statement_time = 0.2', [], none, 'shop');
    await expect(connection.query('SELECT SLEEP(3)', [], none, 'shop')).rejects.toMatchObject({
      name: 'RequestTimeout',
    });
    await connection.close();
  });

  test('sessions can write nothing', async () => {
    const connection = await mysql.connect({ ...server, ssl: 'disable' });
    await expect(
      connection.query('INSERT INTO orders (id) VALUES (7)', [], () => undefined, 'shop.orders'),
    ).rejects.toThrow('READ ONLY');
    await connection.close();
  });
});
