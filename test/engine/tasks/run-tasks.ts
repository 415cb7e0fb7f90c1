import type { Task, TaskType } from '../../../core/flow/task.ts';
import type { Operator } from '../../../core/operators.ts';
import { compilePath } from '../../../core/record-path.ts';
import type { Row, SourceField } from '../../../core/records.ts';
import { compileTasks, type Rejection } from '../../../engine/tasks/compile.ts';
import { type PlanOptions, planTasks, type TaskPlan } from '../../../engine/tasks/plan.ts';

/** A task as short as it can be written. */
export function task(
  taskType: TaskType,
  sourceFields: readonly string[],
  rest: { operator?: Operator; to?: string; properties?: Task['taskProperties'] } = {},
): Task {
  return {
    taskType,
    sourceFields,
    ...(rest.operator && { connectorOperator: { Salesforce: rest.operator } }),
    ...(rest.to !== undefined && { destinationField: rest.to }),
    taskProperties: rest.properties ?? {},
  };
}

export const map = (from: string, to: string, properties: Task['taskProperties'] = {}) =>
  task('Map', [from], { to, properties });

export const json: PlanOptions = { fileType: 'JSON', preserveSourceDataTyping: false };
export const csv: PlanOptions = { fileType: 'CSV', preserveSourceDataTyping: false };
export const textParquet: PlanOptions = { fileType: 'PARQUET', preserveSourceDataTyping: false };
export const typedParquet: PlanOptions = { fileType: 'PARQUET', preserveSourceDataTyping: true };

/** The plan as the run's steps find it: written and read again. */
export function planned(
  tasks: readonly Task[],
  fields: readonly SourceField[],
  options: PlanOptions,
): TaskPlan {
  return JSON.parse(JSON.stringify(planTasks(tasks, fields, options))) as TaskPlan;
}

/** What becomes of each record: the mapped object, the index of the task that dropped it, or the rejection. */
export function runTasks(
  tasks: readonly Task[],
  fields: readonly SourceField[],
  records: readonly object[],
  options: PlanOptions = json,
): (object | number | Rejection)[] {
  const plan = planned(tasks, fields, options);
  const mapper = compileTasks(plan, { residualFilters: plan.filters.map((_, i) => i) });
  return records.map((record) => {
    const row: Row = plan.readFields.map((name) => (name === '*' ? record : compilePath(name)(record)));
    const result = mapper.map(row);
    if (!Array.isArray(result)) return result;
    const { destinationFields } = plan;
    if (destinationFields[0]?.name === '*') return result[0] as object;
    return Object.fromEntries(destinationFields.map(({ name }, i) => [name, result[i]]));
  });
}
