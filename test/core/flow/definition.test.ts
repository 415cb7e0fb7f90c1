import { describe, expect, expectTypeOf, it } from 'vitest';
import { connectorOperators } from '../../../core/flow/connector-operators.ts';
import { defineFlow } from '../../../core/flow/define-flow.ts';
import {
  connectorTypes,
  destinationKeys,
  type FlowDefinition,
  type FlowInput,
  memberKey,
  sourceKeys,
} from '../../../core/flow/definition.ts';
import type { Task } from '../../../core/flow/task.ts';

describe('FlowDefinition', () => {
  it('has tasks as the engine takes them, and times as numbers', () => {
    expectTypeOf<FlowDefinition['tasks']>().toExtend<readonly Task[]>();
    type Scheduled = NonNullable<
      NonNullable<FlowDefinition['triggerConfig']['triggerProperties']>['Scheduled']
    >;
    expectTypeOf<Scheduled['scheduleStartTime']>().toEqualTypeOf<number | undefined>();
  });

  it('is checked by the compiler as it is typed', () => {
    // @ts-expect-error a misspelt member
    const trigger: FlowInput['triggerConfig'] = { triggerType: 'OnDemand', triggerPropertys: {} };
    expectTypeOf(defineFlow).parameter(0).toEqualTypeOf<FlowInput>();
    const task = { taskType: 'Filter', sourceFields: [] } as const;
    // @ts-expect-error an operator in the wrong case
    const tasks: FlowInput['tasks'] = [{ ...task, connectorOperator: { S3: 'Projection' } }];
    expect([trigger, tasks]).toHaveLength(2);
  });
});

describe('connectors', () => {
  it('are those of the API model, by type and by member', () => {
    expect(connectorTypes).toHaveLength(24);
    expect(sourceKeys).toHaveLength(17);
    expect(destinationKeys).toHaveLength(13);
    const members = new Set([...sourceKeys, ...destinationKeys]);
    expect(connectorTypes.map(memberKey).filter((key) => !members.has(key))).toEqual([]);
    expect(connectorTypes.filter((type) => memberKey(type) !== type).map(memberKey)).toEqual([
      'GoogleAnalytics',
      'ServiceNow',
      'InforNexus',
    ]);
  });

  it('offer as many operators as the API model lists', () => {
    expect(
      Object.fromEntries(
        Object.entries(connectorOperators).map(([key, offered]) => [key, new Set(offered).size]),
      ),
    ).toEqual({
      Amplitude: 1,
      Datadog: 15,
      Dynatrace: 15,
      GoogleAnalytics: 2,
      InforNexus: 15,
      Marketo: 16,
      S3: 20,
      Salesforce: 21,
      ServiceNow: 21,
      Singular: 14,
      Slack: 19,
      Trendmicro: 14,
      Veeva: 21,
      Zendesk: 14,
      SAPOData: 21,
      CustomConnector: 21,
      Pardot: 14,
    });
    expect(Object.keys(connectorOperators).sort()).toEqual([...sourceKeys].sort());
  });
});
