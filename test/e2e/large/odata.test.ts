/** 24,000 records of a real OData server, as OData 2 and as OData 4, by `tributary run`; the truth is what its database holds. */

import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runCommand } from './command.ts';
import { type ComparedColumn, compare, quote } from './differences.ts';
import { type ODataServer, startODataServer } from './odata-server.ts';

const moment = (name: string): ComparedColumn => ({
  name,
  type: 'BIGINT',
  output: `epoch_ms("${name}")`,
  truth: `epoch_ms("${name}"::TIMESTAMPTZ)`,
});
const columns: readonly ComparedColumn[] = [
  { name: 'SalesOrder', type: 'VARCHAR' },
  { name: 'Customer', type: 'VARCHAR' },
  { name: 'Note', type: 'VARCHAR' },
  { name: 'NetAmount', type: 'DECIMAL(15,2)' },
  { name: 'Items', type: 'INTEGER' },
  { name: 'Serial', type: 'BIGINT' },
  { name: 'Weight', type: 'DOUBLE' },
  { name: 'Returned', type: 'BOOLEAN' },
  { name: 'Handle', type: 'VARCHAR' },
  { name: 'OrderedOn', type: 'DATE' },
  { name: 'OrderedAt', type: 'VARCHAR', output: '"OrderedAt"::VARCHAR' },
  moment('CreatedAt'),
  moment('LastChangeDateTime'),
];
const key: ComparedColumn = {
  name: 'Id',
  type: 'VARCHAR',
  output: `"SalesOrder" || '/' || "Item"`,
  truth: `"SalesOrder" || '/' || "Item"`,
};
const itemColumns: readonly ComparedColumn[] = [key, { name: 'Quantity', type: 'INTEGER' }];

let server: ODataServer;
let folder = '';
let orders = '';
beforeAll(async () => {
  server = await startODataServer();
  folder = await mkdtemp(join(tmpdir(), 'tributary-odata-'));
  const dump = join(folder, 'orders.jsonl');
  await server.dump('shop_Orders', dump);
  orders = truthIn(
    dump,
    columns.map(({ name }) => name),
  );
});
afterAll(async () => {
  await server?.stop();
  if (folder) await rm(folder, { recursive: true });
});

/** A dump as a relation of texts. */
function truthIn(file: string, names: readonly string[]): string {
  const types = names.map((name) => `'${name}': 'VARCHAR'`).join();
  return `read_json(${quote(file)}, format = 'newline_delimited', columns = {${types}})`;
}

interface Asked {
  readonly objectPath: string;
  readonly properties?: object;
  readonly tasks?: readonly object[];
  readonly scheduled?: object;
}

/** A flow in a folder of its own, to be run again and again. */
async function newFlow({ objectPath, properties, tasks = [], scheduled }: Asked) {
  const home = await mkdtemp(join(folder, 'flow-'));
  await mkdir(join(home, '.tributary/s3/lake'), { recursive: true });
  await mkdir(join(home, 'connections'));
  const connection = {
    connectorProfileName: 's4',
    connectorType: 'SAPOData',
    connectorProfileProperties: {
      applicationHostUrl: 'https://s4.example.com',
      applicationServicePath: '/sap/opu/odata4/sap/z_orders/0001',
      clientNumber: '100',
    },
    endpoint: server.endpoint,
    credentials: { username: '${env:SAP_USER}', password: '${env:SAP_PASSWORD}' },
  };
  const flow = {
    flowName: 'orders',
    triggerConfig: scheduled
      ? { triggerType: 'Scheduled', triggerProperties: { Scheduled: scheduled } }
      : { triggerType: 'OnDemand' },
    sourceFlowConfig: {
      connectorType: 'SAPOData',
      connectorProfileName: 's4',
      sourceConnectorProperties: { SAPOData: { objectPath, ...properties } },
      ...(objectPath.endsWith('/SalesOrders') && {
        incrementalPullConfig: { datetimeTypeFieldName: 'LastChangeDateTime' },
      }),
    },
    destinationFlowConfigList: [
      {
        connectorType: 'S3',
        destinationConnectorProperties: {
          S3: {
            bucketName: 'lake',
            s3OutputFormatConfig: { fileType: 'PARQUET', preserveSourceDataTyping: true },
          },
        },
      },
    ],
    tasks: [...tasks, { taskType: 'Map_all', sourceFields: [], taskProperties: {} }],
  };
  await writeFile(join(home, 'connections/s4.json'), JSON.stringify(connection));
  await writeFile(join(home, 'flow.json'), JSON.stringify(flow));
  return async (...options: string[]) => {
    const env = { SAP_USER: 'reader', SAP_PASSWORD: 'shop-window' };
    const { result } = await runCommand(home, env, options);
    const kept = join(home, '.tributary/runs/orders', result.executionId);
    return {
      result,
      files: result.objects.map((object) => join(home, '.tributary', object.replace('s3://', 's3/'))),
      splits: async (): Promise<unknown[]> => {
        const [list = ''] = (await readdir(kept)).filter((name) => name.startsWith('split-list'));
        return JSON.parse(await readFile(join(kept, list), 'utf8'));
      },
    };
  };
}

const filter = (field: string, operator: string, properties: object) => ({
  taskType: 'Filter',
  sourceFields: [field],
  connectorOperator: { SAPOData: operator },
  taskProperties: properties,
});

const exactly = { differences: {} };
const path = '/sap/opu/odata4/sap/z_orders/0001';

describe.each([
  { version: 'OData 4', service: path },
  { version: 'OData 2', service: `/odata/v2${path}` },
])('$version', ({ service }) => {
  const salesOrders = `${service}/SalesOrders`;

  test('every value of every record arrives as the database holds it', async () => {
    const { result, files } = await (await newFlow({ objectPath: salesOrders }))();
    expect(result).toMatchObject({ status: 'Successful', recordsProcessed: 24_000, recordsWritten: 24_000 });
    expect(await compare(files, orders, 'SalesOrder', columns)).toMatchObject({
      rows: { output: 24_000, truth: 24_000 },
      ...exactly,
    });
  });

  test('filters give what SQL gives', async () => {
    const run = await newFlow({
      objectPath: salesOrders,
      properties: { paginationConfig: { maxPageSize: 700 } },
      tasks: [
        filter('Customer', 'CONTAINS', { DATA_TYPE: 'string', VALUE: "O'Hara & S" }),
        filter('NetAmount', 'GREATER_THAN', { DATA_TYPE: 'decimal', VALUE: '-1234567.89' }),
        filter('OrderedOn', 'BETWEEN', {
          DATA_TYPE: 'date',
          LOWER_BOUND: '1995-06-01',
          UPPER_BOUND: '2040-01-01',
        }),
        filter('Items', 'LESS_THAN_OR_EQUAL_TO', { DATA_TYPE: 'integer', VALUE: '2000000000' }),
      ],
    });
    const { result, files } = await run();
    const wanted = `(SELECT * FROM ${orders} WHERE "Customer" LIKE '%O''Hara & S%' AND "NetAmount"::DECIMAL(15,2) > -1234567.89
      AND "OrderedOn"::DATE BETWEEN '1995-06-01' AND '2040-01-01' AND "Items"::BIGINT <= 2000000000)`;
    const { rows, differences } = await compare(files, wanted, 'SalesOrder', columns);
    expect(differences).toEqual({});
    expect(rows.output).toBe(rows.truth);
    expect(rows.truth).toBeGreaterThan(500);
    // The server has done most of it: a fifth of the records has the customer alone.
    expect(result.recordsProcessed).toBeLessThan(4800);
  });

  test('windows tile time: every record comes once, in the one that it is stamped in', async () => {
    const run = await newFlow({ objectPath: salesOrders });
    // Within the records' stamps, and not on whole seconds.
    const bounds = [
      '2024-01-01T00:00:00.000Z',
      '2024-05-05T05:05:05.555Z',
      '2024-09-09T09:09:09.999Z',
      '2025-01-01T00:00:00.000Z',
    ];
    const parts: string[] = [];
    for (const [index, from] of bounds.slice(0, -1).entries()) {
      const to = bounds[index + 1] ?? '';
      const { files } = await run('--from', from, '--to', to);
      const inside = `(SELECT * FROM ${orders} WHERE "LastChangeDateTime"::TIMESTAMPTZ >= '${from}' AND "LastChangeDateTime"::TIMESTAMPTZ < '${to}')`;
      const { rows, differences } = await compare(files, inside, 'SalesOrder', columns);
      expect(differences).toEqual({});
      expect(rows.output).toBeGreaterThan(5000);
      parts.push(...files);
    }
    const whole = await compare(parts, orders, 'SalesOrder', columns);
    expect(whole).toMatchObject({ rows: { output: 24_000, truth: 24_000 }, ...exactly });
  });

  test('a scheduled run takes all up to its watermark, the next one nothing', async () => {
    const run = await newFlow({
      objectPath: salesOrders,
      properties: { parallelismConfig: { maxParallelism: 3 } },
      scheduled: {
        scheduleExpression: 'rate(1hours)',
        dataPullMode: 'Incremental',
        firstExecutionFrom: '2024-06-01T00:00:00Z',
      },
    });
    const { files } = await run();
    const since = `(SELECT * FROM ${orders} WHERE "LastChangeDateTime" >= '2024-06-01')`;
    const { rows, differences } = await compare(files, since, 'SalesOrder', columns);
    expect(differences).toEqual({});
    expect(rows.output).toBe(rows.truth);
    expect(rows.truth).toBeGreaterThan(10_000);
    const second = await run();
    expect(second.result).toMatchObject({ status: 'Successful', recordsProcessed: 0 });
  });

  test('ten processes share a list that moves: what stays comes exactly once', async () => {
    const run = await newFlow({
      objectPath: `${service}/SalesOrderItems`,
      properties: { parallelismConfig: { maxParallelism: 10 }, paginationConfig: { maxPageSize: 500 } },
    });
    // Records that leave from the front, and others that come there: positions move with each of them.
    await server.run(`DELETE FROM shop_OrderItems WHERE SalesOrder LIKE '0%'`);
    await server.run(
      `INSERT INTO shop_OrderItems SELECT '0' || value, 1, 1 FROM json_each('[${Array.from({ length: 3000 }, (_, n) => n).join()}]')`,
    );
    let moving = true;
    const changes = (async () => {
      let n = 0;
      for (; moving; n++) {
        await server.run(
          `DELETE FROM shop_OrderItems WHERE SalesOrder IN (SELECT SalesOrder FROM shop_OrderItems WHERE SalesOrder LIKE '0%' LIMIT 100);
           INSERT INTO shop_OrderItems VALUES ('00-${n}', 1, 1)`,
        );
      }
      return n;
    })();
    const { result, files, splits } = await run();
    moving = false;
    expect(await changes).toBeGreaterThan(1);
    expect(result.status).toBe('Successful');
    expect(await splits()).toHaveLength(10);
    const dump = join(folder, 'items.jsonl');
    await server.dump('shop_OrderItems', dump);
    const stays = `(SELECT * FROM ${truthIn(dump, ['SalesOrder', 'Item', 'Quantity'])} WHERE "SalesOrder" NOT LIKE '0%')`;
    const output = await compare(files, stays, 'Id', itemColumns);
    const { 'rows of the output alone': passing = 0, ...others } = output.differences;
    expect(others).toEqual({});
    expect(output.rows.truth).toBe(22_000);
    // Every row of the output is one that stays, once, or one of those that came and went.
    expect(output.rows.output).toBe(22_000 + passing);
  });
});
