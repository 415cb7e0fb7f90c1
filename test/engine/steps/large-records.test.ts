/** How large a record may be follows from the memory of the function that reads it. */

import { describe, expect, onTestFinished, test } from 'vitest';
import { apiKey, defineConnector, entity, string } from '#core';
import type { FlowDefinition } from '../../../core/flow/definition.ts';
import { checkFlow } from '../../../core/flow/read.ts';
import { declaredSource } from '../../../engine/http/declared-source.ts';
import { nodeHttp } from '../../../engine/http/node-http.ts';
import { s3Flow } from '../../support/flows.ts';
import { startServer } from '../../support/http-server.ts';
import { type MemoryHome, type MemoryHomeOptions, memoryHome } from '../../support/memory-home.ts';

const MIB = 2 ** 20;
const executionId = '11111111-2222-4333-8444-555555555555';

/** @param memory MB of the function; default: that there is none, as on a machine of one's own */
function homeOf(memory?: number, options: MemoryHomeOptions = {}): MemoryHome {
  const replace: MemoryHomeOptions['replace'] = (ports) =>
    memory === undefined ? ports : { ...ports, memory };
  return memoryHome({ buckets: ['inbox', 'lake'], replace, ...options });
}

function written(home: MemoryHome): string | undefined {
  const [key = ''] = home.objects.keys('lake');
  const bytes = home.objects.stored('lake', key)?.body;
  return bytes && Buffer.from(bytes).toString();
}

const files = {
  JSON: (bytes: number): string => `{"id":"1","name":"${'x'.repeat(bytes - 21)}"}\n`,
  CSV: (bytes: number): string => `${'x'.repeat(bytes - 3)},1\n`,
};
const head = { JSON: '', CSV: 'name,id\n' };
const line = { JSON: 1, CSV: 2 };

async function read(
  input: 'JSON' | 'CSV',
  bytes: number,
  memory?: number,
  memorySize?: number,
): Promise<{ result: Awaited<ReturnType<MemoryHome['run']>>; home: MemoryHome }> {
  const home = homeOf(memory);
  await home.objects.put('inbox', 'in/large', head[input] + files[input](bytes));
  const more = memorySize === undefined ? {} : { tributary: { memorySize } };
  const flow = s3Flow({ input, fields: { id: 'id', name: 'name' }, more });
  return { result: await home.run(flow, { name: executionId }), home };
}

describe.each(['JSON', 'CSV'] as const)('a record of a %s file', (input) => {
  const refused = (limit: number) => ({
    error: 'SourceDataInvalid',
    cause: expect.stringContaining(
      `s3://inbox/in/large line ${line[input]}: the record that begins here is too long; got more than ${limit} bytes; expected at most ${limit}; look for a quote that is not closed or a missing line end; if it is right, set tributary.memorySize to 16 times its size in MiB`,
    ),
  });

  test("has the room that the flow's memory gives, to the byte", async () => {
    const { home } = await read(input, 8 * MIB, undefined, 128);
    expect(written(home)).toBe(`{"id":"1","name":"${'x'.repeat(8 * MIB - (input === 'JSON' ? 21 : 3))}"}\n`);
    expect((await read(input, 8 * MIB + 1, undefined, 128)).result).toMatchObject(refused(8_388_608));
  });

  test("of 50 MB is refused in a function of 512 MB, and read in one of 1,769, whatever the flow's file says", async () => {
    expect((await read(input, 50_000_000, 512, 10_240)).result).toMatchObject(refused(33_554_432));
    const { home } = await read(input, 50_000_000, 1769, 128);
    expect(written(home)?.length).toBe(50_000_000 + (input === 'JSON' ? 0 : 18));
  });
});

const vendor = defineConnector({
  label: 'Vendor',
  docs: 'https://example.com/',
  apiVersion: 'v1',
  baseUrl: 'https://vendor.example',
  auth: [apiKey({ label: 'Key', scheme: 'Bearer' })],
  validateCredentials: 'GET /things',
  entities: {
    things: entity({
      docs: 'https://example.com/',
      path: '/things',
      records: 'data',
      primaryKey: ['id'],
      fields: { id: string(), name: string() },
    }),
  },
});

const vendorFlow: FlowDefinition = checkFlow(
  {
    ...s3Flow({ fields: { id: 'id', name: 'name' } }),
    sourceFlowConfig: {
      connectorType: 'CustomConnector',
      connectorProfileName: 'vendor',
      apiVersion: 'v1',
      sourceConnectorProperties: { CustomConnector: { entityName: 'things' } },
    },
    tasks: [
      { taskType: 'Filter', sourceFields: ['id'], connectorOperator: { CustomConnector: 'PROJECTION' } },
      { taskType: 'Map', sourceFields: ['id'], destinationField: 'id' },
    ],
  },
  'test flow',
);

test('a page of an API has as much room as a record', async () => {
  const body = (bytes: number): string => `{"data":[{"id":"1","name":"${'x'.repeat(bytes - 31)}"}]}`;
  let sent = '';
  const server = await startServer((_, response) => response.end(sent));
  onTestFinished(() => server.close());
  const http = nodeHttp();
  onTestFinished(() => http.close());
  const run = async (bytes: number) => {
    sent = body(bytes);
    const home = homeOf(128, {
      http,
      sources: { Vendor: declaredSource(vendor) },
      credentials: { apiKey: 'none' },
      connections: {
        vendor: {
          connectorProfileName: 'vendor',
          connectorType: 'CustomConnector',
          connectorLabel: 'Vendor',
          endpoint: server.endpoint,
          connectorProfileProperties: {},
        },
      },
    });
    return { result: await home.run(vendorFlow), home };
  };
  expect(written((await run(8 * MIB)).home)).toBe('{"id":"1"}\n');
  expect((await run(8 * MIB + 1)).result).toMatchObject({
    error: 'ConnectorProtocol',
    cause: expect.stringMatching(
      /Vendor\.things: .*the answer is too large; got 8388609 bytes; expected at most 8388608; ask for smaller pages, or set tributary\.memorySize to 129 or more/,
    ),
  });
});
