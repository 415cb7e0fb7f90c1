import { randomUUID } from 'node:crypto';
import * as fs from 'node:fs/promises';
import path from 'node:path';
import { stringify } from 'yaml';
import { exitCodeOf, messageOf, TributaryError } from '../core/errors.ts';
import type { FlowDefinition } from '../core/flow/definition.ts';
import { flowJsonSchema } from '../core/flow/json-schema.ts';
import { readFlow } from '../core/flow/read.ts';
import { warnings } from '../core/flow/rules.ts';
import { preview } from '../engine/preview.ts';
import { abandonCommit } from '../engine/run/abandon-commit.ts';
import { requestCancel, setFlowStatus } from '../engine/run/close.ts';
import {
  executionStatus,
  type FlowState,
  flowKey,
  isClosed,
  type Run,
  readFlowItems,
  runKey,
} from '../engine/run/run.ts';
import { leftOpen, type RunSummary, runResult, runSummary } from '../engine/run/run-result.ts';
import { readSegments } from '../engine/run/segment-record.ts';
import { errnoOf, fileError } from '../local/files.ts';
import type { Backend } from './backend.ts';
import {
  type CommonOptions,
  connectionFolders,
  flowNameOf,
  isFile,
  judge,
  openHome,
  readFlowFile,
  readTextFile,
  refuseNotRunnable,
  wholeNumber,
} from './context.ts';
import { findRun } from './find-run.ts';
import { type BackendOptions, openBackend } from './open-backend.ts';
import { commandLine, count, json, table } from './output.ts';
import { runCommand, summary } from './run-command.ts';
import type { Shell } from './shell.ts';

/** `tributary validate FLOW…`: 0 for correct AppFlow flows, whatever this version can run; 2 otherwise. */
export async function validateCommand(
  files: readonly string[],
  options: CommonOptions & { readonly runnable?: boolean },
  { terminal }: Shell,
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
  { terminal }: Shell,
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
export function schemaCommand({ terminal }: Shell): number {
  terminal.out(JSON.stringify(flowJsonSchema(), null, 2));
  return 0;
}

/** `tributary runs FLOW`: newest first. */
export async function runsCommand(
  flow: string,
  options: BackendOptions & { readonly json?: boolean; readonly limit: string },
  shell: Shell,
): Promise<number> {
  const limit = wholeNumber('--limit', options.limit);
  const flowName = await flowNameOf(flow);
  const backend = await openBackend(options, shell);
  const { state } = await readFlowItems(backend.state, flowName);
  if (!state && !isFile(flow)) await backend.expectFlow(flowName);
  const runs: RunSummary[] = [];
  const history = backend.state.list(flowKey(flowName), 'HISTORY#', { descending: true, limit });
  for await (const { sk } of history) {
    const item = await backend.state.get<Run>(runKey(sk.slice(sk.lastIndexOf('#') + 1)), 'RUN');
    if (item) runs.push({ ...runSummary(item.data), ...(await sinceThen(item.data, backend)) });
  }
  if (options.json) {
    shell.terminal.out(json(runs));
    return 0;
  }
  shell.terminal.out(state ? `${flowName}: ${stateText(state.data)}` : `${flowName}: no runs yet`);
  const rows = runs.map((run) => [
    run.startedAt ?? '',
    run.executionId,
    run.status,
    `${count(run.recordsProcessed)} read`,
    `${count(run.dryRun ? 0 : run.recordsWritten)} written`,
    run.error?.message ?? run.reason ?? (run.dryRun ? 'dry run' : ''),
  ]);
  if (rows.length > 0) shell.terminal.out(table(rows));
  return 0;
}

function stateText({ status, statusMessage, watermark, schemaVersion }: FlowState): string {
  return [
    statusMessage ? `${status} (${statusMessage})` : status,
    `schema version ${schemaVersion}`,
    watermark === undefined ? 'no watermark' : `watermark ${new Date(watermark).toISOString()}`,
  ].join(', ');
}

/** What a run's record does not say while it is open: how far it is, and whether anything still works on it. */
async function sinceThen(
  run: Run,
  { state, executions }: Pick<Backend, 'state' | 'executions'>,
): Promise<Partial<RunSummary>> {
  if (isClosed(run)) return {};
  const { counts, received } = await readSegments(state, run.executionId);
  return {
    recordsProcessed: counts.received,
    recordsFiltered: counts.filtered,
    recordsRejected: counts.rejected,
    bytesProcessed: received,
    ...(!(await executions.isRunning(run.executionArn)) && { reason: leftOpen }),
  };
}

/** `tributary show RUN` */
export async function showCommand(
  executionId: string,
  options: BackendOptions & { readonly json?: boolean },
  shell: Shell,
): Promise<number> {
  const backend = await openBackend(options, shell);
  const { data: run } = await findRun(executionId, backend);
  const result = { ...(await runResult(run, backend)), ...(await sinceThen(run, backend)) };
  if (options.json) {
    shell.terminal.out(json(result));
    return 0;
  }
  shell.terminal.out(summary(result, backend));
  if (result.error) shell.terminal.out(`  error: ${result.error.code}: ${result.error.message}`);
  if (result.reason) shell.terminal.out(`  ${result.reason}`);
  return 0;
}

/** `tributary cancel RUN`; `--abandon` for one that was left in the middle of a commit that cannot be finished. */
export async function cancelCommand(
  executionId: string,
  options: BackendOptions & { readonly abandon?: boolean },
  shell: Shell,
): Promise<number> {
  const backend = await openBackend(options, shell);
  const item = await findRun(executionId, backend);
  const { data: run } = item;
  if (options.abandon) {
    const removed = await abandonCommit(item, backend);
    shell.terminal.out(
      `${executionId}: abandoned, ${removed} object(s) removed; the next start of ${run.flowName} closes it as Canceled and pulls its window again`,
    );
    return 0;
  }
  if ((await requestCancel(backend, item)) === 'tooLate') {
    throw new TributaryError('InvalidArgument', 'the run can be cancelled no more', {
      flowName: run.flowName,
      at: executionId,
      got: isClosed(run) ? executionStatus(run) : 'a run that is committing',
      ...(!isClosed(run) && {
        fix: 'it ends in a moment; if it died and its commit can never be finished, take it back with --abandon',
      }),
    });
  }
  const { reason } = await sinceThen(run, backend);
  shell.terminal.out([`${executionId}: CancelStarted`, reason].filter(Boolean).join('; '));
  return 0;
}

/**
 * `tributary start FLOW`, as AppFlow's StartFlow: an on-demand flow runs (here to its end, in AWS on its own), one with a
 * schedule or an event pattern becomes active.
 */
export async function startCommand(
  file: string,
  options: BackendOptions & { readonly json?: boolean },
  shell: Shell,
): Promise<number> {
  const flow = await readFlowFile(file);
  const { flowName } = flow;
  if (!startsItself(flow)) {
    if (!options.aws) return runCommand(file, options, shell);
    const executionId = randomUUID();
    await (await shell.openAws(options.region)).start(flowName, executionId, {});
    shell.terminal.out(options.json ? json({ flowName, executionId }) : executionId);
    return 0;
  }
  if (!options.aws) await refuseNotRunnable(flow, connectionFolders(options, file));
  return changeStatus(flow, 'Active', options, shell);
}

/** `tributary stop FLOW`, as AppFlow's StopFlow: a flow with a schedule or an event pattern runs no more until it is started. */
export async function stopCommand(
  file: string,
  options: BackendOptions & { readonly json?: boolean },
  shell: Shell,
): Promise<number> {
  const flow = await readFlowFile(file);
  if (!startsItself(flow)) {
    throw new TributaryError(
      'InvalidArgument',
      'an on-demand flow is never active, so it cannot be stopped',
      {
        flowName: flow.flowName,
        fix: 'to stop a run of it, use `tributary cancel RUN`',
      },
    );
  }
  return changeStatus(flow, 'Suspended', options, shell);
}

/** On a schedule or on events: only such a flow can be active or not. */
function startsItself(flow: FlowDefinition): boolean {
  return flow.triggerConfig.triggerType !== 'OnDemand' || flow.tributary?.eventPattern !== undefined;
}

async function changeStatus(
  flow: FlowDefinition,
  status: 'Active' | 'Suspended',
  options: BackendOptions & { readonly json?: boolean },
  shell: Shell,
): Promise<number> {
  const { flowName } = flow;
  const backend = await openBackend(options, shell);
  if (options.aws) await backend.expectFlow(flowName);
  await setFlowStatus(backend, flow, status);
  if (options.json) shell.terminal.out(json({ flowName, status }));
  else {
    shell.terminal.out(`${flowName}: ${status}`);
    if (!options.aws && status === 'Active')
      shell.terminal.err(
        `schedules and events start flows in AWS; here, each \`${commandLine('run', flowName)}\` is a run\n`,
      );
  }
  return 0;
}

/** `tributary reset FLOW`: forgets watermark, schema version and identity; keeps status and run history. */
export async function resetCommand(flow: string, options: BackendOptions, shell: Shell): Promise<number> {
  const flowName = await flowNameOf(flow);
  const backend = await openBackend(options, shell);
  const { state, slot } = await readFlowItems(backend.state, flowName);
  if (!state) {
    if (!isFile(flow)) await backend.expectFlow(flowName);
    shell.terminal.out(`${flowName}: there is nothing to forget`);
    return 0;
  }
  const { executionId, executionArn } = slot?.data ?? {};
  if (executionArn !== undefined && (await backend.executions.isRunning(executionArn))) {
    throw new TributaryError('InvalidArgument', 'a run is in progress', {
      flowName,
      got: `run ${executionId}`,
      fix: 'wait for its end, or stop it with `tributary cancel`',
    });
  }
  const { status, statusMessage } = state.data;
  const fresh: FlowState = {
    status,
    ...(statusMessage && { statusMessage }),
    schemaVersion: 0,
    failureCount: 0,
  };
  await backend.state.write([{ pk: state.pk, sk: state.sk, expect: state.revision, set: fresh }]);
  shell.terminal.out(`${flowName}: state forgotten; the next run begins as the first`);
  return 0;
}

/** `tributary preview FLOW`: records before and after the tasks, side by side. */
export async function previewCommand(
  file: string,
  options: CommonOptions & { readonly limit: string; readonly json?: boolean },
  { terminal, ...around }: Shell,
): Promise<number> {
  const limit = wholeNumber('--limit', options.limit);
  const flow = await readFlowFile(file);
  await refuseNotRunnable(flow, connectionFolders(options, file));
  const home = openHome(options, around, (text) => terminal.err(`${text}\n`), file);
  const records = await preview(flow, limit, home.forStep(flow));
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
export async function initCommand(folder: string, { terminal }: Shell): Promise<number> {
  for (const [name, text] of Object.entries(starterFiles)) {
    const file = path.join(folder, name);
    try {
      await fs.mkdir(path.dirname(file), { recursive: true });
      await fs.writeFile(file, text, { flag: 'wx' });
      terminal.out(`${file}: written`);
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST' || !(await isRegularFile(file))) throw fileError(error, file);
      terminal.out(`${file}: is there already, left as it is`);
    }
  }
  // The destination bucket.
  await fs.mkdir(path.join(folder, '.tributary/s3/lake'), { recursive: true });
  const home = path.join(folder, '.tributary');
  const where = home === '.tributary' ? [] : ['--home', home];
  terminal.out(`next: ${commandLine('run', path.join(folder, 'flows/accounts.yaml'), ...where)}`);
  return 0;
}

async function isRegularFile(file: string): Promise<boolean> {
  return fs.stat(file).then(
    (stats) => stats.isFile(),
    () => false,
  );
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
};
