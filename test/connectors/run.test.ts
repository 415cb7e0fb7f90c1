/** Every declared entity through the whole engine: its fixture played by a local server, a flow, the records in S3. */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { loadConnector } from '../../connectors/registry.ts';
import { readFlow } from '../../core/flow/read.ts';
import { localHome } from '../../local/home.ts';
import { runFlow } from '../../local/run-flow.ts';
import { declaredEntities, fixtureOf, recordsOf } from '../support/connector-fixtures.ts';
import { replayServer } from '../support/http-server.ts';
import { testClock } from '../support/source-ports.ts';

const folder = mkdtempSync(path.join(os.tmpdir(), 'tributary-connectors-'));
afterAll(() => rmSync(folder, { recursive: true }));

test.each(declaredEntities)('$title arrives in S3', async ({ name, connector, folder: own, entityName }) => {
  const { settings, request, exchanges } = fixtureOf(own, entityName);
  const server = await replayServer(connector.baseUrl, exchanges);
  try {
    const connection = `${name}-${entityName}`.replaceAll('_', '-').toLowerCase();
    writeFileSync(
      path.join(folder, `${connection}.json`),
      JSON.stringify({
        connectorProfileName: connection,
        connectorType: 'CustomConnector',
        connectorLabel: name,
        connectorProfileProperties: settings,
        endpoint: server.endpoint,
        credentials: { apiKey: '${env:KEY}' },
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
    const flow = readFlow(JSON.stringify(flowOf(connection, entityName)), 'flow.json');
    const window = request.window && { from: request.window.start, to: request.window.end };
    const result = await runFlow(flow, home, { input: { parameters: window ?? {} } });

    expect(result.error).toBeNull();
    expect(server.requests).toEqual(exchanges.map(({ url }) => url.replace(connector.baseUrl, '')));
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
    const stamp = connector.entities[entityName]?.incremental?.field ?? '';
    const inside = recordsOf(own, entityName).filter((record) => {
      if (!request.window) return true;
      const time = Date.parse(String(record[stamp]));
      return time >= request.window.start && time < request.window.end;
    });
    expect(inside.length).toBeGreaterThan(0);
    const here = JSON.parse(JSON.stringify(inside).replaceAll(connector.baseUrl, server.endpoint));
    expect(lines).toEqual(here);
  } finally {
    await server.close();
  }
});

function flowOf(connectorProfileName: string, entityName: string) {
  return {
    flowName: connectorProfileName,
    triggerConfig: { triggerType: 'OnDemand' },
    sourceFlowConfig: {
      connectorType: 'CustomConnector',
      connectorProfileName,
      apiVersion: 'v1.0',
      sourceConnectorProperties: { CustomConnector: { entityName } },
    },
    destinationFlowConfigList: [
      { connectorType: 'S3', destinationConnectorProperties: { S3: { bucketName: 'lake' } } },
    ],
    tasks: [{ taskType: 'Map_all', sourceFields: [], connectorOperator: { CustomConnector: 'NO_OP' } }],
  };
}
