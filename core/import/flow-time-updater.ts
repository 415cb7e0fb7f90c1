/**
 * The custom resource that the package `@cdklabs/cdk-appflow` puts between a schedule and its flow, as CDK writes rates in
 * another way than AppFlow: `rate(1 hour)`. When it is deployed it also moves a start that has passed; here it may lie in
 * the past. https://github.com/cdklabs/cdk-appflow/tree/main/src/core/flows/flow-time-updater
 */

import type { Members } from './unresolved.ts';

export const flowTimeUpdaterType = 'Custom::FlowTimeUpdater';

/** One of its attributes, `undefined` if it has no such one: the schedule in AppFlow's form, a time as epoch seconds. */
export function flowTime(attribute: string, properties: Members): unknown {
  const { [attribute]: value } = properties;
  if (typeof value !== 'string') return value;
  if (attribute === 'Schedule') {
    return value.replace(/^rate\((\d+) *(minute|hour|day)s?\)$/, 'rate($1 $2s)');
  }
  const time = Date.parse(value);
  return Number.isNaN(time) ? undefined : time / 1000;
}
