import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { loadConnector } from '../../connectors/registry.ts';
import type { FlowDefinition } from '../../core/flow/definition.ts';
import { readFlow } from '../../core/flow/read.ts';
import type { Log } from '../../core/ports.ts';
import { localHome } from '../../local/home.ts';
import { type RunFlowOptions, runFlow } from '../../local/run-flow.ts';
import { fakeClock } from './memory-home.ts';

const quiet: Log = { info: () => undefined, warn: () => undefined, error: () => undefined };

export interface TemporaryHome {
  readonly folder: string;
  /** Runs a flow at a moment (ISO 8601). */
  run(flow: FlowDefinition, at: string, options?: RunFlowOptions): ReturnType<typeof runFlow>;
  /** Keys of a bucket, sorted. */
  keys(bucket: string): Promise<string[]>;
  read(bucket: string, key: string): Promise<string>;
  put(bucket: string, key: string, body: string): Promise<void>;
  remove(): Promise<void>;
}

/** A home in a temporary folder, with empty buckets of these names. */
export async function temporaryHome(...buckets: readonly string[]): Promise<TemporaryHome> {
  const folder = await mkdtemp(join(tmpdir(), 'tributary-home-'));
  const fileOf = (bucket: string, key: string) => join(folder, 's3', bucket, key);
  for (const bucket of buckets) await mkdir(fileOf(bucket, ''), { recursive: true });
  return {
    folder,
    run: (flow, at, options) =>
      runFlow(
        flow,
        localHome({ home: folder, clock: fakeClock(Date.parse(at)), log: quiet, loadConnector }),
        options,
      ),
    async keys(bucket) {
      const entries = await readdir(fileOf(bucket, ''), { recursive: true, withFileTypes: true });
      const files = entries.filter((entry) => entry.isFile());
      return files.map(({ parentPath, name }) => relative(fileOf(bucket, ''), join(parentPath, name))).sort();
    },
    read: (bucket, key) => readFile(fileOf(bucket, key), 'utf8'),
    async put(bucket, key, body) {
      await mkdir(dirname(fileOf(bucket, key)), { recursive: true });
      await writeFile(fileOf(bucket, key), body);
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

/** A flow of examples/flows. */
export async function exampleFlow(name: string): Promise<FlowDefinition> {
  const file = `examples/flows/${name}.yaml`;
  return readFlow(await readFile(file, 'utf8'), file);
}
