import type { Connector } from '../core/connector/connector.ts';
import type { LoadConnector } from '../core/connector/loaded.ts';
import { TributaryError } from '../core/errors.ts';
import { type Explanation, endingOf, explainRun, type Surroundings } from '../engine/run/explain.ts';
import { isClosed, type LeftError, leftKey, type Run, readFlowItems } from '../engine/run/run.ts';
import { type RunDefinition, readDefinition } from '../engine/run/run-definition.ts';
import type { Backend } from './backend.ts';
import { connectorNames } from './connector-names.ts';
import { connectionFolders, connectorLoader } from './context.ts';
import { findRun } from './find-run.ts';
import { type BackendOptions, openBackend } from './open-backend.ts';
import { json, table } from './output.ts';
import type { Shell } from './shell.ts';

export interface ExplainOptions extends BackendOptions {
  readonly json?: boolean;
  /** A folder to write what is needed to meet the failure again. */
  readonly bundle?: string;
  /** The object that could not be read as it is, not a stand-in. */
  readonly withData?: boolean;
}

/** `tributary explain RUN`: why it failed, what to do, and where that leaves the data. 0 if there is such a run. */
export async function explainCommand(
  executionId: string,
  options: ExplainOptions,
  shell: Shell,
): Promise<number> {
  const { bundle, withData = false } = options;
  if (withData && bundle === undefined)
    throw new TributaryError('InvalidArgument', '--with-data goes with --bundle', {
      fix: 'add --bundle DIR',
    });
  const backend = await openBackend(options, shell);
  const { data: run } = await findRun(executionId, backend);
  const definition = await readDefinition(run, backend);
  const around = await surroundings(run, definition, backend, options, shell);
  const explanation = explainRun(run, around);
  shell.terminal.out(options.json ? json(explanation) : inWords(explanation));
  if (bundle !== undefined) {
    const { writeBundle } = await import('./failure-bundle.ts');
    const { failure = {} } = endingOf(run, around) ?? {};
    const said = await writeBundle(bundle, { run, failure, explanation, definition, backend, withData });
    shell.terminal.err(`${said.join('\n')}\n`);
  }
  return 0;
}

async function surroundings(
  run: Run,
  definition: RunDefinition | undefined,
  backend: Backend,
  { aws = false }: BackendOptions,
  { clock, env }: Shell,
): Promise<Surroundings> {
  const { flowName, executionArn } = run;
  const isRunning = !isClosed(run) && (await backend.executions.isRunning(executionArn));
  const isLeftOpen = !isClosed(run) && !isRunning;
  const { state } = await readFlowItems(backend.state, flowName);
  const load = connectorLoader(connectionFolders({}), { env });
  const { source, destination } = definition ? connectorNames(definition) : {};
  const left = isLeftOpen ? await leftWith(run, backend) : undefined;
  return {
    now: clock.now(),
    isRunning,
    state: state?.data,
    flow: definition?.flow,
    connector: await declared(load, source),
    destinationConnector: await declared(load, destination),
    stateBucket: backend.home.stateBucket,
    left,
    aws,
  };
}

/** What the execution of a run ended with that was not closed. */
async function leftWith({ flowName, executionId }: Run, backend: Backend): Promise<LeftError | undefined> {
  const { pk, sk } = leftKey(executionId);
  const left = await backend.state.get<LeftError>(pk, sk);
  if (left) return left.data;
  const failed = (await backend.endOf?.(flowName, executionId))?.failed;
  return failed && { errorCode: failed.code, errorMessage: failed.message };
}

async function declared(load: LoadConnector, name: string | undefined): Promise<Connector | undefined> {
  const loaded = name === undefined ? undefined : await load(name);
  return loaded?.kind === 'declared' ? loaded.connector : undefined;
}

function inWords(told: Explanation): string {
  const { failed, cause, fix, retry } = told;
  const rows: (readonly [string, string | null | undefined])[] = [
    ['error', failed && `${failed.code}: ${failed.message}`],
    ['where', failed && whereOf(failed)],
    ['vendor', failed && vendorOf(failed)],
    ['cause', cause?.text],
    ['fix', fix],
    ['retry', retry?.text],
    ['data', told.data],
    ['watermark', told.watermark],
    ...told.notes.map((note) => ['note', note] as const),
  ];
  const shown = rows.flatMap(([name, text]) =>
    text ? [[`  ${name}`, text.replaceAll('\n', '\n    ')]] : [],
  );
  return [`${told.flowName}, run ${told.executionId}`, `  ${told.outcome}`, table(shown)].join('\n');
}

function whereOf({ step, split, page, position, entity }: NonNullable<Explanation['failed']>): string {
  return [
    step,
    entity,
    split !== null && `split ${split}`,
    page !== null && position !== null && `record ${position + 1} of page ${page + 1}`,
  ]
    .filter(Boolean)
    .join(', ');
}

function vendorOf({ status, vendorCode, requestId }: NonNullable<Explanation['failed']>): string {
  return [
    status !== null && `status ${status}`,
    vendorCode && `code ${vendorCode}`,
    requestId && `request ${requestId}`,
  ]
    .filter(Boolean)
    .join(', ');
}
