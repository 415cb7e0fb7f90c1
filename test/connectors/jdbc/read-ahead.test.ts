import { expect, test } from 'vitest';
import { type SourceRequest, TributaryError } from '#core';
import type { Column, Connection, Table } from '../../../connectors/jdbc/dialect.ts';
import { postgresql } from '../../../connectors/jdbc/postgresql.ts';
import { sessionOf } from '../../../connectors/jdbc/session.ts';

const id: Column = {
  name: 'id',
  nativeType: 'integer',
  field: { name: 'id', type: 'Integer' },
  select: 'id',
  convert: Number,
  orders: true,
  parameter: (placeholder) => placeholder,
};
const table: Table = {
  schema: 'public',
  name: 'orders',
  kind: 'table',
  columns: [id],
  uniqueKeys: [['id']],
  indexed: new Set(['id']),
};
const unused = async (): Promise<never> => {
  throw new Error('not asked for');
};

/** A table of the rows 1, 2, 3 …; of each statement what it was asked for, the row behind which it begins. */
function database(rows: number, fails: (statement: number) => boolean = () => false) {
  const asked: string[] = [];
  let connections = 0;
  const connect = async (): Promise<Connection> => {
    connections++;
    return {
      schemas: unused,
      tables: unused,
      table: async () => table,
      completeUntil: unused,
      localZone: unused,
      ping: unused,
      close: async () => void asked.push('closed'),
      async query(sql, [after = '0'], onRow) {
        asked.push(after);
        if (fails(asked.length)) throw new TributaryError('ServerError', 'the connection is gone');
        const limit = Number(/LIMIT (\d+)/.exec(sql)?.[1]);
        for (let row = Number(after) + 1; row <= Math.min(rows, Number(after) + limit); row++)
          onRow([String(row)]);
      },
    };
  };
  const open = (more: Partial<SourceRequest> = {}) =>
    sessionOf(
      postgresql,
      {
        flowName: 'orders-to-lake',
        connector: 'JDBC',
        properties: { entityName: 'public.orders' },
        settings: {},
        fields: ['id'],
        filters: [],
        window: { end: 0 },
        ...more,
      },
      { order: ['id'], checked: false, columns: { id: 'integer' } },
      connect,
    );
  return { asked, open, connections: () => connections };
}

const tick = () => new Promise((resolve) => setImmediate(resolve));

test('the database works on the next page before it is asked for', async () => {
  const { asked, open, connections } = database(1200);
  const session = open();
  const { next } = await session.read(undefined);
  await tick();
  expect(asked).toEqual(['0', '500']);
  const page = await session.read(next);
  expect(page.rows[0]).toEqual([501]);
  await session.close();
  expect(asked).toEqual(['0', '500', 'closed']);
  expect(connections()).toBe(1);
});

test('a page that fails before it is asked for fails when it is, and is read anew', async () => {
  const { asked, open, connections } = database(1200, (statement) => statement === 2);
  const session = open();
  const { next } = await session.read(undefined);
  await tick();
  await expect(session.read(next)).rejects.toMatchObject({ name: 'ServerError' });
  expect((await session.read(next)).rows[0]).toEqual([501]);
  expect(asked).toEqual(['0', '500', 'closed', '500']);
  expect(connections()).toBe(2);
});

test('another page than the next one is read by itself', async () => {
  const { asked, open } = database(1200);
  const session = open();
  await session.read(undefined);
  expect((await session.read({ after: ['7'], rows: 3 })).rows).toEqual([[8], [9], [10]]);
  expect(asked.slice(0, 4)).toEqual(['0', '500', 'closed', '7']);
});

test('who wants but some records is read nothing ahead', async () => {
  const { asked, open } = database(1200);
  const session = open({ limit: 10 });
  await session.read(undefined);
  await tick();
  expect(asked).toEqual(['0']);
});
