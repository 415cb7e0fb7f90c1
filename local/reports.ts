/** Events and metrics as lines of files under the home. */

import * as fs from 'node:fs/promises';
import path from 'node:path';
import type { Clock, EventSink, Log, MetricSink } from '../core/ports.ts';
import type { Home } from '../engine/ports.ts';

/** Appends what EventBridge would deliver to `<home>/events.jsonl`. */
export function localEventSink(folder: string, home: Home, clock: Clock): EventSink {
  return {
    async emit({ detailType, resources, detail }) {
      await append(path.join(folder, 'events.jsonl'), {
        'detail-type': detailType,
        source: 'tributary',
        account: home.accountId,
        region: home.region,
        time: new Date(clock.now()).toISOString(),
        resources,
        detail,
      });
    },
  };
}

/** Appends to `<home>/metrics.jsonl`. */
export function localMetricSink(folder: string, clock: Clock): MetricSink {
  return {
    async record(flowName, metrics) {
      const time = new Date(clock.now()).toISOString();
      await append(path.join(folder, 'metrics.jsonl'), {
        time,
        namespace: 'Tributary',
        FlowName: flowName,
        ...metrics,
      });
    },
  };
}

/** JSON lines on stderr from `level` on, so that stdout is the command's. */
export function stderrLog(level: 'info' | 'warn' | 'error' | 'none'): Log {
  const levels = ['info', 'warn', 'error', 'none'];
  const write = (at: 'info' | 'warn' | 'error') => (message: string, fields?: object) => {
    if (levels.indexOf(at) < levels.indexOf(level)) return;
    process.stderr.write(`${JSON.stringify({ level: at, message, ...fields })}\n`);
  };
  return { info: write('info'), warn: write('warn'), error: write('error') };
}

async function append(file: string, line: object): Promise<void> {
  await fs.mkdir(path.dirname(file), { recursive: true });
  await fs.appendFile(file, `${JSON.stringify(line)}\n`);
}
