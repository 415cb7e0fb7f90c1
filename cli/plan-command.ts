import { jobConnectors, workingConnectors } from '../connectors/registry.ts';
import { TributaryError, TributaryErrors } from '../core/errors.ts';
import { certainlyBroken } from '../core/flow/certain-limits.ts';
import { sourceConnectorName } from '../core/flow/connector-name.ts';
import type { FlowDefinition } from '../core/flow/definition.ts';
import { destinationName, sourceName } from '../core/flow/describe.ts';
import { controlMemory, transferMemory, waitingMemory, workingMemory } from '../core/flow/function-memory.ts';
import { recordDestination } from '../core/flow/record-destination.ts';
import { periodSeconds } from '../core/flow/schedule.ts';
import { assumedSize, type GivenSize } from '../engine/forecast/assumed-size.ts';
import { appFlowCost, type Cost, costOf, sumOf } from '../engine/forecast/cost.ts';
import { forecastRun } from '../engine/forecast/forecast-run.ts';
import { type LimitUse, limitsOf, mostSplits, warningsOf } from '../engine/forecast/limits.ts';
import { type ListPrices, listPrices, pricesOf } from '../engine/forecast/list-prices.ts';
import type { RunSize } from '../engine/forecast/run-size.ts';
import { findConnection } from '../local/home.ts';
import {
  connectionFolders,
  connectorLoader,
  expectConnector,
  readFlowFile,
  refuseNotRunnable,
  wholeNumber,
} from './context.ts';
import { findRun } from './find-run.ts';
import { measuredSize } from './measured-size.ts';
import { type BackendOptions, openBackend } from './open-backend.ts';
import { bytes, count, counted, json, table } from './output.ts';
import type { Shell } from './shell.ts';

export interface PlanOptions extends BackendOptions {
  readonly fromRun?: string;
  readonly records?: string;
  readonly recordBytes?: string;
  readonly outputRecordBytes?: string;
  readonly pageRecords?: string;
  readonly pageSeconds?: string;
  readonly splits?: string;
  readonly partitions?: string;
  readonly pause?: string;
  readonly jobSeconds?: string;
  readonly runs?: string;
  readonly prices?: string;
  readonly json?: boolean;
}

/** `tributary plan FLOW`: what a run would do and cost. @returns 2 if it would break a limit */
export async function planCommand(file: string, options: PlanOptions, shell: Shell): Promise<number> {
  refuseIdle(options);
  const flow = await readFlowFile(file);
  const given = givenSize(options);
  if (given.partitions !== undefined && !flow.tasks.some(({ taskType }) => taskType === 'Partition'))
    throw idle('--partitions', 'a flow with a Partition task');
  const [region, prices] = pricesAsked(options.prices ?? 'us-east-1');
  const folders = connectionFolders(options, file);
  await refuseNotRunnable(flow, folders);
  if (recordDestination(flow)) {
    throw new TributaryError('NotRunnable', 'runs that write into an application are not foreseen', {
      flowName: flow.flowName,
      got: destinationName(flow),
      expected: 'S3',
    });
  }
  const { connectorType, connectorProfileName } = flow.sourceFlowConfig;
  const connection =
    connectorType === 'CustomConnector' && connectorProfileName !== undefined
      ? await findConnection(connectorProfileName, folders)
      : undefined;
  const name = sourceConnectorName(flow, connection);
  const connector = await expectConnector(name, connectorLoader(folders, shell));
  if (given.job && !jobConnectors.includes(name))
    throw idle('--job-seconds', 'a source that is read by jobs', name);
  const measured = options.fromRun === undefined ? {} : await measure(options.fromRun, flow, options, shell);

  const runs = options.runs === undefined ? runsOfMonth(flow) : wholeNumber('--runs', options.runs);
  const works = workingConnectors.includes(name);
  const foresee = (transfer: number) => {
    const told = { ...measured, ...given };
    const { size, assumed, workSeconds } = assumedSize(flow, connector, told, { transfer, works });
    const forecast = forecastRun(flow, size);
    const costs = costOf(forecast.figures, { control: controlMemory, transfer }, prices);
    return { size, assumed, workSeconds, forecast, costs, usd: sumOf(costs) };
  };
  const memory = transferMemory(flow, works);
  const foreseen = foresee(memory);
  const { size, forecast } = foreseen;
  const limits = limitsOf(flow, size, forecast);
  const others = [waitingMemory, workingMemory].filter((other) => other !== memory);
  const plan: Plan = {
    flowName: flow.flowName,
    connector: name,
    size,
    assumed: foreseen.assumed,
    figures: forecast.figures,
    memory: {
      transfer: memory,
      control: controlMemory,
      workingShare: Math.min(1, foreseen.workSeconds / size.pageSeconds),
      others: others.map((other) => {
        const { usd, forecast: slower } = foresee(other);
        return { transfer: other, usd, seconds: slower.figures.seconds };
      }),
    },
    cost: {
      region,
      pricesOf,
      lines: foreseen.costs,
      usd: foreseen.usd,
      appFlowUsd: appFlowCost(size.records * size.recordBytes, prices),
      ...(runs !== undefined && { runsOfMonth: runs }),
    },
    limits,
    warnings: warningsOf(flow, size, forecast, memory),
  };
  shell.terminal.out(options.json ? json(plan) : described(plan, flow));
  const { flowName } = flow;
  const broken = [
    ...certainlyBroken(flow).map((reason) => new TributaryError('NotRunnable', reason, { flowName })),
    ...limits
      .filter(({ used, most }) => used > most)
      .map(
        ({ limit, used, most, unit, fix }) =>
          new TributaryError('NotRunnable', `a run of this size would break a limit: ${limit}`, {
            flowName,
            got: amount(used, unit),
            expected: `${amount(most, unit)} at most`,
            fix,
          }),
      ),
  ];
  if (broken.length > 0) throw new TributaryErrors('NotRunnable', broken);
  return 0;
}

/** An option that nothing would look at. */
function idle(option: string, expected: string, got?: string): TributaryError {
  return new TributaryError('InvalidArgument', `${option} would change nothing`, {
    expected,
    ...(got !== undefined && { got }),
    fix: 'leave it out',
  });
}

function refuseIdle({ fromRun, aws, home, region }: PlanOptions): void {
  if (fromRun !== undefined) return;
  const given = { '--aws': aws, '--home': home, '--region': region };
  for (const [option, value] of Object.entries(given))
    if (value !== undefined) throw idle(option, '--from-run RUN beside it: it says where that run is');
}

interface Plan {
  readonly flowName: string;
  readonly connector: string;
  readonly size: RunSize;
  readonly assumed: readonly string[];
  readonly figures: ReturnType<typeof forecastRun>['figures'];
  readonly memory: {
    readonly transfer: number;
    readonly control: number;
    /** Of the transfer's time, what memory makes shorter. */
    readonly workingShare: number;
    readonly others: readonly { readonly transfer: number; readonly usd: number; readonly seconds: number }[];
  };
  readonly cost: {
    readonly region: string;
    readonly pricesOf: string;
    readonly lines: readonly Cost[];
    readonly usd: number;
    readonly appFlowUsd: number;
    readonly runsOfMonth?: number;
  };
  readonly limits: readonly LimitUse[];
  readonly warnings: readonly string[];
}

function pricesAsked(region: string): [string, ListPrices] {
  const prices = Object.hasOwn(listPrices, region) ? listPrices[region] : undefined;
  if (prices) return [region, prices];
  throw new TributaryError('InvalidArgument', '--prices takes a Region whose list prices are known here', {
    got: region,
    expected: `one of ${Object.keys(listPrices).join(', ')}`,
  });
}

async function measure(
  executionId: string,
  flow: FlowDefinition,
  options: PlanOptions,
  shell: Shell,
): Promise<GivenSize> {
  const backend = await openBackend(options, shell);
  const { data: run } = await findRun(executionId, backend);
  if (run.flowName !== flow.flowName) {
    throw new TributaryError('InvalidArgument', 'the run is one of another flow', {
      at: '--from-run',
      got: run.flowName,
      expected: flow.flowName,
    });
  }
  return measuredSize(flow, run, backend.state);
}

/** @throws InvalidArgument */
function givenSize(options: PlanOptions): GivenSize {
  const whole = (option: string, text: string | undefined): number | undefined =>
    text === undefined ? undefined : wholeNumber(option, text);
  const records = whole('--records', options.records);
  const recordBytes = whole('--record-bytes', options.recordBytes);
  const outputRecordBytes = whole('--output-record-bytes', options.outputRecordBytes);
  const pageRecords = whole('--page-records', options.pageRecords);
  const pageSeconds =
    options.pageSeconds === undefined ? undefined : decimal('--page-seconds', options.pageSeconds);
  const splits = whole('--splits', options.splits);
  if (splits !== undefined && splits > mostSplits)
    throw new TributaryError('InvalidArgument', 'a run has not as many splits', {
      at: '--splits',
      got: count(splits),
      expected: `${count(mostSplits)} at most`,
    });
  const partitions = whole('--partitions', options.partitions);
  const jobSeconds = whole('--job-seconds', options.jobSeconds);
  return {
    ...(records !== undefined && { records }),
    ...(recordBytes !== undefined && { recordBytes }),
    ...(outputRecordBytes !== undefined && { outputRecordBytes }),
    ...(pageRecords !== undefined && { pageRecords }),
    ...(pageSeconds !== undefined && { pageSeconds }),
    ...(splits !== undefined && { splits }),
    ...(partitions !== undefined && { partitions }),
    ...(options.pause !== undefined && { pause: pauseOf(options.pause) }),
    ...(jobSeconds !== undefined && { job: { seconds: jobSeconds } }),
  };
}

function decimal(option: string, text: string): number {
  const value = /^\d{1,6}(\.\d{1,6})?$/.test(text) ? Number(text) : 0;
  if (value > 0) return value;
  throw new TributaryError('InvalidArgument', `${option} takes seconds`, {
    got: text,
    expected: 'a number greater than 0, such as 0.5',
  });
}

/** `100/60`: after 100 requests the source wants to be left alone for 60 seconds. */
function pauseOf(text: string): NonNullable<RunSize['pause']> {
  const [, requests, seconds] = /^([1-9]\d{0,8})\/([1-9]\d{0,5})$/.exec(text) ?? [];
  if (requests !== undefined && seconds !== undefined)
    return { requests: Number(requests), seconds: Number(seconds) };
  throw new TributaryError('InvalidArgument', '--pause takes requests and seconds', {
    got: text,
    expected: '100/60: after 100 requests the source refuses for 60 seconds',
  });
}

/** Of a schedule; undefined for flows that run on demand or on events. */
function runsOfMonth(flow: FlowDefinition): number | undefined {
  const scheduled = flow.triggerConfig.triggerProperties?.Scheduled;
  return scheduled && Math.max(1, Math.round((30 * 86_400) / periodSeconds(scheduled)));
}

// ---- the page that people read ----

const optionOf: Partial<Record<keyof RunSize, string>> = {
  records: '--records',
  recordBytes: '--record-bytes',
  outputRecordBytes: '--output-record-bytes',
  pageRecords: '--page-records',
  pageSeconds: '--page-seconds',
  splits: '--splits',
  partitions: '--partitions',
};

function described(plan: Plan, flow: FlowDefinition): string {
  const { size, figures, cost, memory } = plan;
  const told = (name: keyof RunSize): string =>
    plan.assumed.includes(name) ? `assumed (${optionOf[name]})` : '';
  const sizes: [string, string, string][] = [
    ['records', count(size.records), told('records')],
    ['bytes of a record', `${count(Math.round(size.recordBytes))} B`, told('recordBytes')],
    ['… in the output', `${count(Math.round(size.outputRecordBytes))} B`, told('outputRecordBytes')],
    ['records of a page', count(size.pageRecords), told('pageRecords')],
    ['time of a page', `${size.pageSeconds.toPrecision(2)} s`, told('pageSeconds')],
    ['splits', count(size.splits), told('splits')],
    ...(size.partitions > 1
      ? [['partitions', count(size.partitions), told('partitions')] as [string, string, string]]
      : []),
    ...(size.pause
      ? [
          [
            'the source refuses',
            `${count(size.pause.seconds)} s after every ${count(size.pause.requests)} requests`,
            '',
          ] as [string, string, string],
        ]
      : []),
    ...(size.job
      ? [["the vendor's job", `${count(size.job.seconds)} s`, ''] as [string, string, string]]
      : []),
  ];
  const does: [string, string][] = [
    ['requests to the source', count(figures.sourceRequests)],
    ['pages', count(figures.pages)],
    ['batches (invocations that read)', count(figures.batches)],
    ['segments', count(figures.segments)],
    ['state transitions', count(figures.stateTransitions)],
    ['output', `${bytes(Math.round(figures.bytesWritten))} in ${counted(figures.objects, 'object')}`],
    ...(figures.parts > 0 ? [['parts of uploads', count(figures.parts)] as [string, string]] : []),
    ...(figures.glueCalls > 0 ? [['Glue calls', count(figures.glueCalls)] as [string, string]] : []),
    [
      'time of the functions',
      `${duration(figures.transferSeconds)} reading, ${duration(figures.controlSeconds)} the rest`,
    ],
    ['lasts', duration(figures.seconds)],
  ];
  const lines = cost.lines
    .filter(({ quantity }) => quantity > 0)
    .map(({ service, quantity, unit, usd: price }) => [
      service,
      quantity === 1
        ? `1 ${unit.replace(/s$/, '')}`
        : `${quantity < 10 ? Number(quantity.toFixed(2)) : count(Math.round(quantity))} ${unit}`,
      usd(price),
    ]);
  const { runsOfMonth: runs } = cost;
  const share = Math.round(memory.workingShare * 100);
  return [
    `${plan.flowName}: from ${sourceName(flow)}${plan.connector === sourceName(flow) ? '' : ` (${plan.connector})`} to ${destinationName(flow)}`,
    section('Size of a run', sizes),
    section('What it does', does),
    section(`What it costs (${cost.region}, list prices of ${cost.pricesOf}, without free tiers)`, [
      ...lines,
      ['a run', '', usd(cost.usd)],
      ['AppFlow', `a run, ${bytes(size.records * size.recordBytes)} processed`, usd(cost.appFlowUsd)],
      ...(runs === undefined
        ? []
        : [
            [`${count(runs)} runs a month`, '', usd(runs * cost.usd)],
            ['AppFlow', '', usd(runs * cost.appFlowUsd)],
          ]),
    ]),
    '  not in it: traffic, logs, metrics, storage, and what the source asks for its requests',
    section('Memory of the function that reads', [
      [
        `${count(memory.transfer)} MB`,
        share >= 50 ? `works ${share} % of its time` : `waits ${100 - share} % of its time`,
        duration(figures.seconds),
        usd(cost.usd),
      ],
      ...memory.others.map(({ transfer, seconds, usd: price }) => [
        `${count(transfer)} MB`,
        '',
        duration(seconds),
        usd(price),
      ]),
    ]),
    section(
      'Limits',
      plan.limits.map(({ limit, used, most, unit }) => [
        limit,
        `${amount(used, unit)} of ${amount(most, unit)}`,
        percent(used / most),
      ]),
    ),
    ...plan.warnings.map((warning) => `\nwarning: ${warning}`),
  ].join('\n');
}

function section(title: string, rows: readonly (readonly string[])[]): string {
  const indented = table(rows)
    .split('\n')
    .map((line) => `  ${line}`);
  return ['', title, ...indented].join('\n');
}

function percent(share: number): string {
  if (share > 1) return 'too much';
  if (share > 0 && share < 0.001) return 'less than 0.1 %';
  return `${(share * 100).toFixed(share < 0.1 ? 1 : 0)} %`;
}

function amount(value: number, unit: LimitUse['unit']): string {
  if (unit === 'bytes') return bytes(Math.round(value));
  return unit === 'seconds' ? duration(value) : count(Math.round(value));
}

function duration(seconds: number): string {
  if (seconds < 120) return `${seconds < 10 ? Number(seconds.toPrecision(2)) : Math.round(seconds)} s`;
  const minutes = seconds / 60;
  return minutes < 120 ? `${Math.round(minutes)} min` : `${(minutes / 60).toFixed(1)} h`;
}

function usd(value: number): string {
  if (value > 0 && value < 0.0001) return 'less than $0.0001';
  return `$${value < 1 ? value.toFixed(4) : value.toLocaleString('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 })}`;
}
