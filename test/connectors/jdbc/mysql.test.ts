/** MySQL's SQL and values, without a server; test/e2e/databases runs the same against a real one. */

import { describe, expect, test } from 'vitest';
import type { FilterCondition, SourceRequest } from '#core';
import type { Table } from '../../../connectors/jdbc/dialect.ts';
import { columnOf, mysql } from '../../../connectors/jdbc/mysql.ts';
import { selectionOf } from '../../../connectors/jdbc/selection.ts';
import { requestOn } from './requests.ts';

function column(
  name: string,
  columnType: string,
  more: { precision?: number; scale?: number; fraction?: number } = {},
) {
  const { precision = null, scale = null, fraction = null } = more;
  const dataType = columnType.replace(/[( ].*/, '');
  return columnOf({ name, dataType, columnType, precision, scale, fraction, comment: '' });
}

const orders: Table = {
  schema: 'shop',
  name: 'or`ders',
  kind: 'table',
  columns: [
    column('id', 'bigint(20) unsigned'),
    column('region', 'varchar(10)'),
    column('total', 'decimal(12,2)', { precision: 12, scale: 2 }),
    column('rate', 'float'),
    column('updated_at', 'datetime(6)', { fraction: 6 }),
    column('hash', 'binary(16)'),
    column('size', "enum('s','l')"),
    column('extra', 'json'),
  ],
  uniqueKeys: [['id']],
  indexed: new Set(['id']),
};

const server = { host: 'db', port: 3306, database: 'shop', username: '', password: '' };
const select = (more: Partial<SourceRequest>, order = ['id'], after?: string[]) =>
  selectionOf(mysql, orders, requestOn('mysql', server, 'shop.orders', more), order).statement(after, 11);

describe('statements', () => {
  test('the first page', () => {
    expect(select({ fields: ['region', 'updated_at', 'extra.color'] })).toEqual({
      sql: 'SELECT `region`, CAST(`updated_at` AS CHAR), CAST(`extra` AS CHAR), `id` FROM `shop`.`or``ders` ORDER BY `id` LIMIT 11',
      values: [],
    });
  });

  test('the page after a composite key compares in the index’s order', () => {
    expect(
      select({ fields: ['total'] }, ['region', 'hash', 'id'], ["o'x", '00ff', '18446744073709551615']),
    ).toEqual({
      sql:
        'SELECT `total`, `region`, `hash`, `id` FROM `shop`.`or``ders` WHERE ' +
        '(`region` >= ? AND (`region` > ? OR `hash` >= UNHEX(?) AND (`hash` > UNHEX(?) OR `id` > CAST(? AS UNSIGNED)))) ' +
        'ORDER BY `region`, `hash`, `id` LIMIT 11',
      values: ["o'x", "o'x", '00ff', '00ff', '18446744073709551615'],
    });
  });

  test('windows and filters follow with their values in order', () => {
    const filters: FilterCondition[] = [
      { field: 'region', operator: 'NOT_EQUAL_TO', type: 'String', values: ['eu', 'us'] },
      { field: 'total', operator: 'BETWEEN', type: 'Double', values: ['1', '2.5'] },
      { field: 'rate', operator: 'EQUAL_TO', type: 'Float', values: ['0.1'] },
    ];
    const window = { start: 1_700_000_000_000, end: 1_700_000_000_001 };
    expect(
      select({ fields: ['id'], filters, incrementalField: 'updated_at', window }, ['id'], ['7']),
    ).toEqual({
      sql:
        'SELECT `id` FROM `shop`.`or``ders` WHERE (`id` > CAST(? AS UNSIGNED)) ' +
        'AND `updated_at` >= CAST(? AS DATETIME(6)) AND `updated_at` < CAST(? AS DATETIME(6)) ' +
        'AND (CAST(CONVERT(`region` USING utf8mb4) AS BINARY) IS NULL OR ' +
        '(CAST(CONVERT(`region` USING utf8mb4) AS BINARY) <> CAST(? AS BINARY) AND CAST(CONVERT(`region` USING utf8mb4) AS BINARY) <> CAST(? AS BINARY))) ' +
        'AND `total` >= CAST(? AS DECIMAL(65,30)) AND `total` <= CAST(? AS DECIMAL(65,30)) ORDER BY `id` LIMIT 11',
      values: ['7', '2023-11-14 22:13:20.000', '2023-11-14 22:13:20.001', 'eu', 'us', '1', '2.5'],
    });
  });

  test('equal text is looked up in the index, where its character set allows, and compared by bytes', () => {
    const equals = (field: string, value: string) =>
      select({ fields: ['id'], filters: [{ field, operator: 'EQUAL_TO', type: 'String', values: [value] }] });
    const bytes = (field: string) =>
      `CAST(CONVERT(\`${field}\` USING utf8mb4) AS BINARY) = CAST(? AS BINARY)`;
    expect(equals('region', 'eu')).toMatchObject({
      sql: expect.stringContaining(`WHERE ((\`region\` = ? AND ${bytes('region')})) ORDER`),
      values: ['eu', 'eu'],
    });
    expect(equals('region', 'é')).toMatchObject({
      sql: expect.stringContaining(`WHERE (${bytes('region')}) ORDER`),
      values: ['é'],
    });
    expect(equals('size', 's').values).toEqual(['s']);
  });
});

test('a certificate is not checked against an address', async () => {
  const target = { ...server, host: '127.0.0.1', port: 1, ssl: 'verify-full' as const };
  await expect(mysql.connect(target)).rejects.toMatchObject({ name: 'ConnectionInvalid' });
});

describe('values', () => {
  test.each([
    ['tinyint(1)', 2, 'Short', 2],
    ['int(10) unsigned', 4_294_967_295, 'Long', 4_294_967_295],
    ['bigint(20)', '-9223372036854775808', 'Long', -9223372036854775808n],
    ['bigint(20) unsigned', '18446744073709551615', 'BigInteger', 18446744073709551615n],
    ['decimal(5,2)', '1.50', 'BigDecimal', '1.50'],
    ['decimal(5,2) unsigned', '1.50', 'BigDecimal', '1.50'],
    ['float', 0.10000000149011612, 'Float', 0.1],
    ['float', 16_777_215, 'Float', 16_777_215],
    ['float', 3.4028234663852886e38, 'Float', 3.4028235e38],
    ['bit(1)', 1, 'Boolean', true],
    ['bit(1)', 0, 'Boolean', false],
    ['bit(3)', '101', 'String', '101'],
    ['date', '2024-02-29', 'Date', '2024-02-29'],
    ['date', '0000-00-00', 'Date', null],
    ['date', '2024-05-00', 'Date', '2024-05-00'],
    ['datetime(3)', '2024-02-29 01:02:03.456', 'DateTime', '2024-02-29T01:02:03.456Z'],
    ['timestamp', '0000-00-00 00:00:00', 'DateTime', null],
    ['time', '-838:59:59', 'Time', '-838:59:59'],
    ['varbinary(3)', Buffer.from([1, 255]), 'ByteArray', Buffer.from([1, 255])],
    ['json', '{"n": 12345678901234567890}', 'Struct', { n: 12345678901234567890n }],
    ['vector(3)', '[1,2,3]', 'String', '[1,2,3]'],
  ] as const)('%s %s is a %s', (columnType, raw, type, value) => {
    const { field, convert } = column('x', columnType);
    expect(field.type).toBe(type);
    expect(convert(raw)).toEqual(value);
  });

  test('bytes do not hold on to the driver’s buffer', () => {
    const network = Buffer.from([1, 2, 3, 4]);
    const value = column('x', 'blob').convert(network.subarray(1, 3));
    network.fill(0);
    expect(value).toEqual(Buffer.from([2, 3]));
  });

  test.each([
    ['date', undefined, 86_400_000, false],
    ['datetime', 0, 1000, false],
    ['datetime(1)', 1, 100, false],
    ['timestamp(3)', 3, 1, true],
    ['timestamp(6)', 6, 1, true],
  ])('%s is stored in steps of milliseconds', (columnType, fraction, stepMilliseconds, zoned) => {
    expect(column('x', columnType, fraction === undefined ? {} : { fraction }).moment).toEqual({
      stepMilliseconds,
      zoned,
    });
  });

  test.each(['float', "enum('a')", "set('a')", 'bit(1)', 'json', 'point'])(
    '%s orders no pages',
    (columnType) => {
      expect(column('x', columnType).orders).toBe(false);
    },
  );
});
