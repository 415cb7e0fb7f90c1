/**
 * The steps of a run by name: the one entry that the Lambda functions and the local runner share. Each is loaded when it is
 * first run: a function's cold start pays for its own steps alone.
 */

import * as z from 'zod';
import { TributaryError } from '../../core/errors.ts';
import { executionIdOf } from '../../core/execution/execution-id.ts';
import { type StepName, stepNames } from '../../core/flow/state-machine.ts';
import type { EnginePorts } from '../ports.ts';
import { carryFailure } from '../run/failure.ts';
import type { Started } from './fail-run.ts';

const runReference = z.object({ executionId: z.string(), fence: z.number().int() });

const transferState = z.object({
  split: z.number().int().min(0),
  start: z.number().int(),
  end: z.number().int(),
  // Absent in an item of the Distributed Map, where a split's transfer begins.
  segment: z.number().int().min(0).default(0),
  turns: z.number().int().min(0).default(0),
});

const time = z.union([z.number(), z.iso.datetime({ offset: true }).transform((text) => Date.parse(text))]);

/** What starts an execution of the state machine. Everything may be left out. */
export const executionInput = z.strictObject({
  trigger: z.enum(['OnDemand', 'Scheduled', 'Event']).default('OnDemand'),
  parameters: z
    .strictObject({
      from: time.optional(),
      to: time.optional(),
      full: z.literal(true).optional(),
      limit: z.number().int().min(1).optional(),
      dryRun: z.literal(true).optional(),
      replayOf: z.guid().optional(),
    })
    // A part of a quarantine could not be told from the rest afterwards.
    .refine(
      ({ replayOf, from, to, full, limit }) =>
        replayOf === undefined || [from, to, full, limit].every((other) => other === undefined),
      'replayOf goes with dryRun alone',
    )
    .default({}),
  /** Of the scheduler: the moment for which the run was due. */
  scheduledTime: time.optional(),
  /** Only settle this run, whose execution ended without closing its record; begin none. */
  settle: z
    .strictObject({
      executionId: z.string(),
      /** Step Functions' word for how the execution ended, with its error and cause. */
      status: z.enum(['FAILED', 'TIMED_OUT', 'ABORTED']),
      error: z.string().optional(),
      cause: z.string().optional(),
    })
    .optional(),
});
export type ExecutionInput = z.input<typeof executionInput>;

const stepError = z.object({ Error: z.string(), Cause: z.string().default('') });

/** The envelope that the state machine puts around a step (see core/flow/state-machine.ts). */
const stepInput = z.object({
  step: z.enum(stepNames),
  executionArn: z.string(),
  executionName: z.string(),
  startedAt: z.string().optional(),
  input: z.unknown().optional(),
  state: z.looseObject({}),
});

/**
 * Runs one step.
 *
 * @param event the state machine's envelope; parsed here
 * @returns the next state data, small and plain
 */
export async function runStep(event: unknown, ports: EnginePorts): Promise<object> {
  const envelope = stepInput.parse(event);
  const { state } = envelope;
  const ownId = executionIdOf(envelope.executionName);
  const run = (): z.infer<typeof runReference> => runReference.parse(state.run);
  const steps: Record<StepName, () => Promise<object>> = {
    StartRun: async () => {
      const parsed = executionInput.safeParse(envelope.input ?? {});
      if (!parsed.success) {
        throw new TributaryError('InvalidArgument', z.prettifyError(parsed.error), {
          at: 'the execution input',
        });
      }
      const { trigger, parameters, scheduledTime, settle } = parsed.data;
      const { startRun } = await import('./start-run.ts');
      return startRun(
        {
          executionId: ownId,
          executionArn: envelope.executionArn,
          startedAt: Date.parse(envelope.startedAt ?? ''),
          trigger,
          parameters: withoutUndefined(parameters),
          ...(scheduledTime !== undefined && { scheduledTime }),
          ...(settle !== undefined && { settle }),
        },
        ports,
      );
    },
    DescribeSource: async () => {
      const { describeSource } = await import('./describe-source.ts');
      return describeSource(run(), z.number().int().min(0).default(0).parse(state.describeTurns), ports);
    },
    TransferBatch: async () => {
      const { transferBatch } = await import('./transfer-batch.ts');
      return transferBatch(run(), transferState.parse(state.transfer), ports);
    },
    LoadDestination: async () => {
      const { loadDestination } = await import('./load-destination.ts');
      return loadDestination(run(), z.number().int().min(0).default(0).parse(state.loadTurns), ports);
    },
    FailSplit: async () => {
      const { failSplit } = await import('./fail-run.ts');
      return failSplit(run().executionId, stepError.parse(state.error), ports);
    },
    CommitOutput: async () => {
      const { commitOutput } = await import('./commit-output.ts');
      return commitOutput(run(), z.number().default(0).parse(state.object), ports);
    },
    CatalogOutput: async () => {
      const { catalogOutput } = await import('./catalog-output.ts');
      return catalogOutput(run(), z.number().default(0).parse(state.table), ports);
    },
    EndRun: async () => {
      const { endRun } = await import('./end-run.ts');
      return endRun(run(), ownId, ports);
    },
    FailRun: async () => {
      const { failRun } = await import('./fail-run.ts');
      const reference = runReference.safeParse(state.run);
      const error = stepError.safeParse(state.error);
      return failRun(
        reference.success ? reference.data.executionId : ownId,
        reference.success ? reference.data.fence : undefined,
        error.success ? error.data : { Error: 'Internal', Cause: 'the run failed without saying why' },
        startedBy(envelope),
        ports,
      );
    },
  };
  try {
    return await steps[envelope.step]();
  } catch (error) {
    const transfer = transferState.safeParse(state.transfer);
    const inSplit = envelope.step === 'TransferBatch' && transfer.success;
    carryFailure(error, envelope.step, inSplit ? transfer.data.split : undefined);
    throw error;
  }
}

/** What a refused run's record says of its start; none for an execution that only settles another's. */
function startedBy({ executionArn, startedAt, input }: z.infer<typeof stepInput>): Started | undefined {
  if (startedAt === undefined) return undefined;
  const loose = z
    .looseObject({ settle: z.unknown(), trigger: z.unknown() })
    .partial()
    .safeParse(input ?? {});
  if (loose.data?.settle !== undefined) return undefined;
  const trigger = executionInput.shape.trigger.safeParse(loose.data?.trigger);
  return { executionArn, trigger: trigger.data ?? 'OnDemand', startedAt: Date.parse(startedAt) };
}

function withoutUndefined<T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };
}
