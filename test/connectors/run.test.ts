/** Every declared entity through the whole engine: its fixture played by a local server, a flow, the records in S3. */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { type Connector, credentialNames, type SourceRequest } from '#core';
import { loadConnector } from '../../connectors/registry.ts';
import { readFlow } from '../../core/flow/read.ts';
import { baseUrlOf } from '../../engine/http/hosts.ts';
import { localHome } from '../../local/home.ts';
import { runFlow } from '../../local/run-flow.ts';
import { declaredEntities, fixtureOf, recordsOf, requestOf } from '../support/connector-fixtures.ts';
import { replayServer, requestLine } from '../support/http-server.ts';
import { testClock } from '../support/source-ports.ts';

const folder = mkdtempSync(path.join(os.tmpdir(), 'tributary-connectors-'));
afterAll(() => rmSync(folder, { recursive: true }));

test.each(declaredEntities)('$title arrives in S3', async (tested) => {
  const { name, connector, folder: own, entityName, entity } = tested;
  const fixture = fixtureOf(own, entityName);
  const { settings, request } = fixture;
  const asked = requestOf(fixture, name, entityName);
  const base = baseUrlOf(connector, asked, entity.baseUrl).href.replace(/\/$/, '');
  // The vendor's hosts are all one server here.
  const common = baseUrlOf(connector, asked).href.replace(/\/$/, '');
  const exchanges = fixture.exchanges.map((one) => ({
    ...one,
    url: one.url.replace(`${common}/`, `${base}/`),
  }));
  const server = await replayServer(base, exchanges);
  try {
    const connection = `${name}-${entityName}`.replaceAll(/[^A-Za-z0-9]+/g, '-').toLowerCase();
    writeFileSync(
      path.join(folder, `${connection}.json`),
      JSON.stringify({
        connectorProfileName: connection,
        connectorType: 'CustomConnector',
        connectorLabel: name,
        connectorProfileProperties: settings,
        endpoint: server.endpoint,
        credentials: Object.fromEntries(keysOf(connector).map((key) => [key, '${env:KEY}'])),
      }),
    );
    mkdirSync(path.join(folder, 's3', 'lake'), { recursive: true });
    const home = localHome({
      home: folder,
      connectionFolders: [folder],
      env: { KEY: 'the-key' },
      clock: testClock(Date.UTC(2024, 4, 2, 0, 10)),
      loadConnector,
    });
    const flow = readFlow(JSON.stringify(flowOf(connection, entityName, asked, request.fields)), 'flow.json');
    const window = request.window && { from: request.window.start, to: request.window.end };
    const result = await runFlow(flow, home, { input: { parameters: window ?? {} } });

    expect(result.error).toBeNull();
    const here = (value: unknown) =>
      JSON.parse(JSON.stringify(value).replaceAll(JSON.stringify(base).slice(1, -1), server.endpoint));
    expect(server.requests).toEqual(
      exchanges.map((exchange) => requestLine({ ...here(exchange), url: exchange.url.replace(base, '') })),
    );
    const lines: unknown[] = [];
    for (const object of result.objects) {
      const [, bucket = '', key = ''] = /^s3:\/\/([^/]+)\/(.*)$/.exec(object) ?? [];
      const text = Buffer.from(await home.objects.read(bucket, key)).toString();
      lines.push(
        ...text
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line)),
      );
    }
    const stamp = entity.incremental?.field ?? '';
    const inside = recordsOf(own, entityName).filter((record) => {
      if (!request.window) return true;
      const time = Date.parse(String(record[stamp]));
      return time >= request.window.start && time < request.window.end;
    });
    expect(inside.length).toBeGreaterThan(0);
    const decimals = Object.keys(entity.fields).filter(
      (field) => entity.fields[field]?.type === 'BigDecimal',
    );
    // JSON Lines writes the digits of a decimal as a number.
    const written = inside.map((record) => ({
      ...record,
      ...Object.fromEntries(
        decimals.map((field) => [field, record[field] === null ? null : Number(record[field])]),
      ),
    }));
    expect(lines).toEqual(here(written));
  } finally {
    await server.close();
  }
});

/** Keys of the connection's secret for a scheme that needs no token from elsewhere. */
function keysOf({ auth }: Connector): readonly string[] {
  const scheme = auth.find(({ kind }) => kind !== 'oauth2') ?? auth[0];
  return credentialNames(scheme);
}

/** @param fields default all */
function flowOf(
  connectorProfileName: string,
  entityName: string,
  { filters, incrementalField }: Pick<SourceRequest, 'filters' | 'incrementalField'>,
  fields: readonly string[] | undefined,
) {
  return {
    flowName: connectorProfileName,
    triggerConfig: { triggerType: 'OnDemand' },
    sourceFlowConfig: {
      connectorType: 'CustomConnector',
      connectorProfileName,
      apiVersion: 'v1.0',
      sourceConnectorProperties: { CustomConnector: { entityName } },
      ...(incrementalField && { incrementalPullConfig: { datetimeTypeFieldName: incrementalField } }),
    },
    destinationFlowConfigList: [
      { connectorType: 'S3', destinationConnectorProperties: { S3: { bucketName: 'lake' } } },
    ],
    tasks: [
      ...(fields
        ? mapped(fields)
        : [{ taskType: 'Map_all', sourceFields: [], connectorOperator: noOperation }]),
      ...filters.map(({ field, operator, type, values }) => ({
        taskType: 'Filter',
        sourceFields: [field],
        connectorOperator: { CustomConnector: operator },
        taskProperties: {
          DATA_TYPE: type,
          ...(operator === 'BETWEEN'
            ? { LOWER_BOUND: values[0], UPPER_BOUND: values[1] }
            : values.length === 1
              ? { VALUE: values[0] }
              : { VALUES: values.join(',') }),
        },
      })),
    ],
  };
}

const noOperation = { CustomConnector: 'NO_OP' };

function mapped(fields: readonly string[]): object[] {
  return [
    { taskType: 'Filter', sourceFields: fields, connectorOperator: { CustomConnector: 'PROJECTION' } },
    ...fields.map((field) => ({
      taskType: 'Map',
      sourceFields: [field],
      destinationField: field,
      connectorOperator: noOperation,
    })),
  ];
}
