/**
 * Replays: runs whose source is the quarantine of an earlier run of the flow. Whatever of a run's quarantine a replay reads
 * is delivered, filtered, or in the replay's own quarantine, never in two of them: so of each run there is one replay at
 * most, and what that one left is replayed by another one of it.
 */

import { TributaryError } from '../../core/errors.ts';
import { canonicalJson } from '../../core/flow/canonical-json.ts';
import type { FlowDefinition } from '../../core/flow/definition.ts';
import { fingerprint } from '../../core/flow/fingerprint.ts';
import { recordDestination } from '../../core/flow/record-destination.ts';
import { operatorOf, type Task } from '../../core/flow/task.ts';
import { wholeRecord } from '../../core/records.ts';
import type { EnginePorts } from '../ports.ts';
import { filterTasks } from '../tasks/filter.ts';
import { maskedFields, overlap } from '../tasks/masked-record.ts';
import type { RunPlan } from './plan.ts';
import { isCommitted, type Run, readRun, runKey } from './run.ts';

/** `RUN#<executionId>` `REPLAY`: which run has replayed that one's quarantine. Written by the replay's commit. */
export interface Replay {
  readonly executionId: string;
  /** Of the definition that it was replayed with. */
  readonly flowFingerprint: string;
}

export const replayKey = (executionId: string) => ({ pk: runKey(executionId), sk: 'REPLAY' });

/**
 * What is left of a run's quarantine: its own, or that of the last of the replays that it went through.
 *
 * @returns `done`: why there is nothing to do
 * @throws ResourceNotFoundError, InvalidArgument if the run is none of this flow, or has no quarantine; NotRunnable for a flow
 * into an application
 */
export async function findReplay(
  asked: string,
  flow: FlowDefinition,
  { state }: Pick<EnginePorts, 'state'>,
): Promise<{ readonly replayOf: string } | { readonly done: string }> {
  if (recordDestination(flow)) {
    throw new TributaryError('NotRunnable', 'runs that write into an application are not replayed', {
      flowName: flow.flowName,
      at: asked,
      got: 'a quarantine that also holds what the application refused, as it was sent',
      fix: 'mend the records at their source and pull them again',
    });
  }
  const own = fingerprint(flow);
  let executionId = asked;
  while (true) {
    const { data: run } = await readRun(state, executionId);
    checkReplayable(run, flow.flowName);
    const { pk, sk } = replayKey(executionId);
    const replay = (await state.get<Replay>(pk, sk))?.data;
    if (!replay) break;
    if (replay.flowFingerprint === own)
      return {
        done: `run ${executionId} has been replayed with this flow already, by run ${replay.executionId}`,
      };
    executionId = replay.executionId;
  }
  const { data: run } = await readRun(state, executionId);
  if (!run.recordsQuarantined) return { done: `run ${executionId} has no records in quarantine` };
  return { replayOf: executionId };
}

/** @throws InvalidArgument */
export function checkReplayable(run: Run, flowName: string): void {
  const refused = (got: string, expected: string): TributaryError =>
    new TributaryError('InvalidArgument', 'the run cannot be replayed', {
      flowName,
      at: run.executionId,
      got,
      expected,
    });
  if (run.flowName !== flowName) throw refused(`a run of flow ${run.flowName}`, 'a run of the same flow');
  if (run.parameters.dryRun) throw refused('a dry run', 'a run that was committed');
  if (!isCommitted(run)) {
    throw refused(
      run.status,
      'a run that was committed: what others have read is pulled again, and nothing of it is in quarantine',
    );
  }
}

/**
 * Refuses a definition that asks for what the quarantine does not have: a clean run with it would give something else.
 *
 * @throws NotRunnable
 */
export function refuseUnreplayable(flow: FlowDefinition, earlier: RunPlan): void {
  const refused = (summary: string, expected: string): TributaryError =>
    new TributaryError('NotRunnable', summary, {
      flowName: flow.flowName,
      at: `the quarantine of run ${earlier.executionId}`,
      expected,
      fix: 'pull the records again with `tributary run --from … --to …`',
    });
  const passed = new Set(earlier.request.filters.map(canonicalJson));
  const added = filterTasks(flow.tasks).filter(({ condition }) => !passed.has(canonicalJson(condition)));
  const parameter = added.find(({ condition }) =>
    earlier.sourceParameters?.some(({ name }) => name === condition.field),
  );
  if (parameter) {
    throw refused(
      `its records were asked for without the Filter of ${parameter.condition.field} (tasks[${parameter.index}]), which only the vendor can apply`,
      'the request parameters that the run had',
    );
  }
  const { masked, withheld } = maskedFields(earlier.flow.tasks);
  if (withheld.size > 0) {
    throw refused(
      `it does not show ${[...withheld].join(', ')}, of which a masked field is made`,
      'a flow that masks source fields alone',
    );
  }
  for (const name of masked.keys()) {
    const before = editsOf(earlier.flow.tasks, name);
    const masks = before.filter(({ taskType }) => taskType === 'Mask');
    if (masks.length > 1 || canonicalJson(before) !== canonicalJson(editsOf(flow.tasks, name)))
      throw refused(`it shows ${name} masked`, `the one Mask task, and the Truncate tasks, that ${name} had`);
    const raw = rawUse(flow.tasks, name, new Set(added.map(({ index }) => index)));
    if (raw !== undefined)
      throw refused(
        `it shows ${name} masked`,
        `no ${flow.tasks[raw]?.taskType} task (tasks[${raw}]) of its raw value`,
      );
  }
}

function editsOf(tasks: readonly Task[], name: string): Task[] {
  return tasks.filter(
    ({ taskType, sourceFields }) =>
      (taskType === 'Mask' || taskType === 'Truncate') && sourceFields.some((field) => overlap(field, name)),
  );
}

/**
 * The first task that looks at what a mask hides.
 *
 * @param newFilters that the quarantined records have not passed; those that they have look no more
 */
function rawUse(tasks: readonly Task[], name: string, newFilters: ReadonlySet<number>): number | undefined {
  const index = tasks.findIndex(
    (task, at) =>
      (task.taskType === 'Arithmetic' ||
        (task.taskType === 'Validate' && operatorOf(task) !== 'VALIDATE_NON_NULL') ||
        newFilters.has(at)) &&
      task.sourceFields.some((field) => overlap(field, name)),
  );
  return index < 0 ? undefined : index;
}

/** @throws NotRunnable for fields that the earlier run has not read */
export function refuseUnread(readFields: readonly string[], flow: FlowDefinition, earlier: RunPlan): void {
  const known = earlier.request.fields;
  if (known[0] === wholeRecord) return;
  const unread = readFields.filter((field) => !known.includes(field));
  if (unread.length === 0) return;
  throw new TributaryError('NotRunnable', 'the quarantine has only the fields that its run read', {
    flowName: flow.flowName,
    at: `the quarantine of run ${earlier.executionId}`,
    got: unread[0] === wholeRecord ? 'a flow of whole records' : unread.join(', '),
    expected: known.join(', '),
    fix: 'pull the records again with `tributary run --from … --to …`',
  });
}
