import * as fs from 'node:fs/promises';
import path from 'node:path';
import { stringify } from 'yaml';
import { exitCodeOf, messageOf, TributaryError } from '../core/errors.ts';
import { flowJsonSchema } from '../core/flow/json-schema.ts';
import { readFlow } from '../core/flow/read.ts';
import { warnings } from '../core/flow/rules.ts';
import { preview } from '../engine/preview.ts';
import { requestCancel, setFlowStatus } from '../engine/run/close.ts';
import { executionStatus, flowKey, type Run, readFlowItems, readRun, runKey } from '../engine/run/run.ts';
import { errnoOf } from '../local/files.ts';
import { runResult } from '../local/run-flow.ts';
import {
  type CommonOptions,
  connectionFolders,
  flowNameOf,
  judge,
  openHome,
  readFlowFile,
  readTextFile,
  refuseNotRunnable,
} from './context.ts';
import { count, json, type Terminal, table } from './output.ts';
import { runCommand, summary } from './run-command.ts';

/** `tributary validate FLOW…`: 0 for correct AppFlow flows, whatever this version can run; 2 otherwise. */
export async function validateCommand(
  files: readonly string[],
  options: CommonOptions & { readonly runnable?: boolean },
  terminal: Terminal,
): Promise<number> {
  let exitCode = 0;
  for (const file of files) {
    try {
      const flow = await readFlowFile(file);
      const found = await judgeLeniently(flow, options, file);
      terminal.out(`${file}: valid`);
      for (const warning of warnings(flow)) terminal.out(`  warning: ${warning}`);
      for (const what of found) terminal.out(`  not runnable in this version: ${what}`);
      if (options.runnable && found.length > 0) exitCode = 2;
    } catch (error) {
      terminal.err(`${messageOf(error)}\n`);
      exitCode = Math.max(exitCode, exitCodeOf(error));
    }
  }
  return exitCode;
}

/** A definition is valid without its connections; what cannot be judged for want of one is said as such. */
async function judgeLeniently(
  flow: Parameters<typeof judge>[0],
  options: CommonOptions,
  file: string,
): Promise<string[]> {
  try {
    return await judge(flow, connectionFolders(options, file));
  } catch (error) {
    if (error instanceof TributaryError && error.code === 'ConnectionInvalid') return [error.message];
    throw error;
  }
}

/** `tributary map FLOW --csv FILE`: the flow with the mapping file's tasks, on stdout or in `--out`. */
export async function mapCommand(
  file: string,
  options: { readonly csv: string; readonly out?: string },
  terminal: Terminal,
): Promise<number> {
  const flow = readFlow(await readTextFile(file), file, {
    text: await readTextFile(options.csv),
    fileName: options.csv,
  });
  const target = options.out ?? file;
  const text = /\.ya?ml$/.test(target) ? stringify(flow) : `${JSON.stringify(flow, null, 2)}\n`;
  if (options.out) await fs.writeFile(options.out, text);
  else terminal.out(text.trimEnd());
  return 0;
}

/** `tributary schema`: the JSON Schema of flow definitions. */
export function schemaCommand(terminal: Terminal): number {
  terminal.out(JSON.stringify(flowJsonSchema(), null, 2));
  return 0;
}

/** `tributary runs FLOW`: newest first. */
export async function runsCommand(
  flow: string,
  options: CommonOptions & { readonly json?: boolean; readonly limit: string },
  terminal: Terminal,
): Promise<number> {
  const home = openHome(options);
  const flowName = await flowNameOf(flow);
  const results: Awaited<ReturnType<typeof runResult>>[] = [];
  for await (const { sk } of home.state.list(flowKey(flowName), 'HISTORY#', {
    descending: true,
    limit: Number(options.limit),
  })) {
    const item = await home.state.get<Run>(runKey(sk.slice(sk.lastIndexOf('#') + 1)), 'RUN');
    if (item) results.push(await runResult(item.data, home));
  }
  if (options.json) {
    terminal.out(json(results));
  } else {
    const { state } = await readFlowItems(home.state, flowName);
    if (state) {
      const { status, statusMessage, watermark, schemaVersion } = state.data;
      const told = [
        statusMessage ? `${status} (${statusMessage})` : status,
        `schema version ${schemaVersion}`,
        watermark === undefined ? 'no watermark' : `watermark ${new Date(watermark).toISOString()}`,
      ];
      terminal.out(`${flowName}: ${told.join(', ')}`);
    } else terminal.out(`${flowName}: no runs yet`);
    const rows = results.map((run) => [
      run.startedAt ?? '',
      run.executionId,
      run.status,
      `${count(run.recordsProcessed)} read`,
      `${count(run.recordsWritten)} written`,
      run.error?.message ?? '',
    ]);
    if (rows.length > 0) terminal.out(table(rows));
  }
  return 0;
}

/** `tributary show RUN` */
export async function showCommand(
  executionId: string,
  options: CommonOptions & { readonly json?: boolean },
  terminal: Terminal,
): Promise<number> {
  const home = openHome(options);
  const { data: run } = await readRun(home.state, executionId);
  const result = await runResult(run, home);
  terminal.out(options.json ? json(result) : summary(result, home.folder));
  if (result.error && !options.json) terminal.out(`  error: ${result.error.code}: ${result.error.message}`);
  return 0;
}

/** `tributary cancel RUN` */
export async function cancelCommand(
  executionId: string,
  options: CommonOptions,
  terminal: Terminal,
): Promise<number> {
  const home = openHome(options);
  const item = await readRun(home.state, executionId);
  if ((await requestCancel(home, item)) === 'tooLate') {
    throw new TributaryError(
      'InvalidArgument',
      `the run is ${executionStatus(item.data)} and cannot be cancelled`,
      {
        flowName: item.data.flowName,
        at: executionId,
      },
    );
  }
  terminal.out(`${executionId}: CancelStarted`);
  return 0;
}

/** `tributary start FLOW`, as AppFlow's StartFlow: an on-demand flow runs, a scheduled one becomes active. */
export async function startCommand(
  file: string,
  options: CommonOptions & { readonly json?: boolean },
  terminal: Terminal,
): Promise<number> {
  const flow = await readFlowFile(file);
  if (flow.triggerConfig.triggerType === 'OnDemand') return runCommand(file, options, terminal);
  await refuseNotRunnable(flow, connectionFolders(options, file));
  await setFlowStatus(openHome(options, file), flow, 'Active');
  terminal.out(`${flow.flowName}: Active`);
  return 0;
}

/** `tributary stop FLOW`, as AppFlow's StopFlow: a scheduled flow runs no more until it is started. */
export async function stopCommand(file: string, options: CommonOptions, terminal: Terminal): Promise<number> {
  const flow = await readFlowFile(file);
  refuseOnDemand(flow.flowName, flow.triggerConfig.triggerType);
  await setFlowStatus(openHome(options, file), flow, 'Suspended');
  terminal.out(`${flow.flowName}: Suspended`);
  return 0;
}

export function refuseOnDemand(flowName: string, triggerType: string): void {
  if (triggerType !== 'OnDemand') return;
  throw new TributaryError(
    'InvalidArgument',
    'an on-demand flow is not active in the first place, so it cannot be stopped',
    {
      flowName,
      fix: 'to stop a run, use `tributary cancel RUN`',
    },
  );
}

/** `tributary reset FLOW`: forgets watermark, schema version and identity; keeps the run history. */
export async function resetCommand(
  flow: string,
  options: CommonOptions,
  terminal: Terminal,
): Promise<number> {
  const home = openHome(options);
  const flowName = await flowNameOf(flow);
  const { state } = await readFlowItems(home.state, flowName);
  if (state) await home.state.write([{ pk: state.pk, sk: state.sk, expect: state.revision, set: 'delete' }]);
  terminal.out(
    state
      ? `${flowName}: state forgotten; the next run begins as the first`
      : `${flowName}: there is no state`,
  );
  return 0;
}

/** `tributary preview FLOW`: records before and after the tasks, side by side. */
export async function previewCommand(
  file: string,
  options: CommonOptions & { readonly limit: string; readonly json?: boolean },
  terminal: Terminal,
): Promise<number> {
  const flow = await readFlowFile(file);
  await refuseNotRunnable(flow, connectionFolders(options, file));
  const home = openHome(options, file);
  const records = await preview(flow, Number(options.limit), home.forStep(flow));
  if (options.json) {
    terminal.out(json(records));
    return 0;
  }
  if (records.length === 0) terminal.out('the source has no records');
  for (const [index, { before, after }] of records.entries()) {
    const left = Object.entries(before).map(([name, value]) => `${name}: ${shown(value)}`);
    const right =
      'droppedBy' in after && Object.keys(after).length === 1
        ? [`dropped by ${String(after.droppedBy)}`]
        : 'rejected' in after && Object.keys(after).length === 1
          ? [`rejected: ${String(after.rejected)}`]
          : Object.entries(after).map(([name, value]) => `${name}: ${shown(value)}`);
    const height = Math.max(left.length, right.length);
    const rows = Array.from({ length: height }, (_, i) => [
      left[i] ?? '',
      i === 0 ? '→' : '',
      right[i] ?? '',
    ]);
    terminal.out(`${index === 0 ? '' : '\n'}record ${index + 1}\n${table(rows)}`);
  }
  return 0;
}

function shown(value: unknown): string {
  const text = json(value) ?? 'null';
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

/** `tributary init [DIR]`: a flow and a connection to start from. Existing files are left alone. */
export async function initCommand(folder: string, terminal: Terminal): Promise<number> {
  for (const [name, text] of Object.entries(starterFiles)) {
    const file = path.join(folder, name);
    await fs.mkdir(path.dirname(file), { recursive: true });
    try {
      await fs.writeFile(file, text, { flag: 'wx' });
      terminal.out(`${file}: written`);
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST') throw error;
      terminal.out(`${file}: is there already, left as it is`);
    }
  }
  terminal.out(
    `next: tributary run ${path.join(folder, 'flows/accounts.yaml')} --home ${path.join(folder, '.tributary')}`,
  );
  return 0;
}

const starterFiles: Readonly<Record<string, string>> = {
  'flows/accounts.yaml': `# An AppFlow flow definition (CreateFlow), as YAML.
flowName: accounts
triggerConfig: { triggerType: OnDemand }
sourceFlowConfig:
  connectorType: S3
  sourceConnectorProperties:
    S3: { bucketName: inbox, bucketPrefix: accounts }
destinationFlowConfigList:
  - connectorType: S3
    destinationConnectorProperties:
      S3:
        bucketName: lake
        s3OutputFormatConfig:
          fileType: JSON
          prefixConfig: { pathPrefixHierarchy: [EXECUTION_ID] }
          aggregationConfig: { aggregationType: SingleFile }
tasks:
  - { taskType: Map_all, sourceFields: [], taskProperties: {} }
`,
  'connections/warehouse.yaml': `# A connection (AppFlow's connector profile). Secrets stay outside: each is the name of an environment variable.
connectorProfileName: warehouse
connectorType: CustomConnector
connectorLabel: JDBC
connectorProfileProperties: { driver: postgresql, hostname: localhost, port: 5432, database: shop }
credentials: { username: '\${env:WAREHOUSE_USER}', password: '\${env:WAREHOUSE_PASSWORD}' }
`,
  '.tributary/s3/inbox/accounts/accounts.csv': `id,name,rating
1,Ada Byron,Hot
2,Max Kern,Warm
`,
  '.tributary/s3/lake/.keep': '',
};
