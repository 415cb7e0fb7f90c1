/** Flows against a simulated vendor, on a clock that both share: waits cost nothing, and every request takes a while. */

import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { loadConnector } from '../../connectors/registry.ts';
import type { FlowDefinition } from '../../core/flow/definition.ts';
import { readFlow } from '../../core/flow/read.ts';
import type { RunResult } from '../../engine/run/run-result.ts';
import { localHome } from '../../local/home.ts';
import { runFlow } from '../../local/run-flow.ts';
import type { Auth } from '../../simulators/auth.ts';
import { type Simulator, startSimulator } from '../../simulators/simulator.ts';
import type { Identified, SimulatedFlow, Vendor } from '../../simulators/vendor.ts';
import { type FakeClock, fakeClock } from '../support/memory-home.ts';

/** Milliseconds that each request takes. */
const latency = 130;

export interface SimulatedWorld {
  readonly simulator: Simulator;
  readonly clock: FakeClock;
  /** What was logged, as text. */
  readonly logged: string[];
  run(flow: FlowDefinition): Promise<RunResult>;
  /** What a run has written, as JSON Lines. */
  written(result: RunResult): string;
  delivered(result: RunResult, plan: SimulatedFlow): Identified[];
  /** All that lies in the home, but for the secrets' own files. */
  contents(): Generator<{ readonly file: string; readonly text: string }>;
  close(): Promise<void>;
}

export async function simulatedWorld(vendor: Vendor, records: number, seed = 1): Promise<SimulatedWorld> {
  const clock = fakeClock(Date.parse('2026-03-02T08:00:00.000Z'));
  const simulator = await startSimulator(vendor, {
    records,
    seed,
    // Few records have many pages, too.
    ...(records < 5_000 && { largestPage: 100 }),
    now: clock.now,
    onRequest: () => clock.advance(latency),
  });
  const auth = preferred(vendor);
  const folder = mkdtempSync(path.join(homesFolder(records), 'tributary-simulated-'));
  const place = (name: string, content: object, mode = 0o644): void => {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    writeFileSync(path.join(folder, name), JSON.stringify(content), { mode });
  };
  place('connections/simulated.json', {
    connectorProfileName: 'simulated',
    // Enough for AppFlow's own connectors, too, as long as the flow says the same.
    connectorType: 'CustomConnector',
    connectorLabel: vendor.connector,
    connectorProfileProperties: { ...vendor.settings, ...auth.settings },
    endpoint: simulator.endpoint,
  });
  place('secrets/simulated.json', auth.credentials, 0o600);
  mkdirSync(path.join(folder, 's3', 'lake'), { recursive: true });

  const logged: string[] = [];
  const log = (message: string, fields?: object): void =>
    void logged.push(`${message} ${JSON.stringify(fields)}`);
  const home = localHome({
    home: folder,
    connectionFolders: [path.join(folder, 'connections')],
    env: {},
    clock,
    log: { info: log, warn: log, error: log },
    loadConnector,
  });
  const written = (result: RunResult): string =>
    result.objects
      .map((object) => readFileSync(home.fileOf('lake', object.replace('s3://lake/', '')), 'utf8'))
      .join('');
  return {
    simulator,
    clock,
    logged,
    run: (flow) => runFlow(flow, home),
    written,
    delivered(result, plan) {
      const lines = written(result)
        .split('\n')
        .filter((line) => line !== '');
      return lines.map((line) => plan.identify(JSON.parse(line) as Record<string, unknown>));
    },
    *contents() {
      for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
        if (!entry.isFile() || path.basename(entry.parentPath) === 'secrets') continue;
        const file = path.join(entry.parentPath, entry.name);
        yield { file, text: readFileSync(file, 'latin1') };
      }
    },
    async close() {
      await simulator.close();
      rmSync(folder, { recursive: true });
    },
  };
}

/** Where there is a folder in memory, homes that are not too large lie there: what is safe on a disk is not the question here. */
function homesFolder(records: number): string {
  return records < 5_000 && existsSync('/dev/shm') ? '/dev/shm' : tmpdir();
}

/** OAuth 2 where the vendor has it: its tokens end. */
export function preferred({ auth }: Vendor): Auth {
  return auth.find(({ endTokens }) => endTokens) ?? auth[0];
}

/** All fields of an entity, incrementally where it has changes to tell; else everything, every time. */
export function flowOf(flowName: string, plan: SimulatedFlow, firstExecutionFrom: string): FlowDefinition {
  const isIncremental = plan.sees !== 'all';
  const definition = {
    flowName,
    triggerConfig: isIncremental
      ? {
          triggerType: 'Scheduled',
          triggerProperties: {
            Scheduled: {
              scheduleExpression: 'rate(1hours)',
              dataPullMode: 'Incremental',
              firstExecutionFrom,
            },
          },
        }
      : { triggerType: 'OnDemand' },
    sourceFlowConfig: {
      connectorType: 'CustomConnector',
      connectorProfileName: 'simulated',
      apiVersion: 'v1.0',
      sourceConnectorProperties: {
        CustomConnector: { entityName: plan.entityName, ...plan.properties },
      },
      ...(plan.incrementalField && {
        incrementalPullConfig: { datetimeTypeFieldName: plan.incrementalField },
      }),
    },
    destinationFlowConfigList: [
      { connectorType: 'S3', destinationConnectorProperties: { S3: { bucketName: 'lake' } } },
    ],
    tasks: [
      {
        taskType: 'Map_all',
        sourceFields: [],
        connectorOperator: { CustomConnector: 'NO_OP' },
        taskProperties: {},
      },
      ...(plan.tasks ?? []),
    ],
  };
  return readFlow(JSON.stringify(definition), `${flowName}.json`);
}
