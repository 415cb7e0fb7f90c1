import { expect, test } from 'vitest';
import { whyNotRepeatable } from '../../cli/not-repeatable.ts';
import type { ConnectionDefinition } from '../../core/connection.ts';
import { checkFlow } from '../../core/flow/read.ts';
import type { RunDefinition } from '../../engine/run/run-definition.ts';
import { shopFlow } from '../support/faults.ts';
import { s3Flow } from '../support/flows.ts';

const files = s3Flow({ fields: { id: 'id' } });
const connection = (connectorLabel: string): ConnectionDefinition => ({
  connectorProfileName: 'my-shop',
  connectorType: 'CustomConnector',
  connectorLabel,
});
const from = (connectorLabel: string): RunDefinition => ({
  flow: shopFlow,
  connection: connection(connectorLabel),
});
const source = shopFlow.sourceFlowConfig;
const Marketo = { object: 'leads', errorHandlingConfig: { failOnFirstDestinationError: true } };
const intoMarketo = (sourceFlowConfig: object): RunDefinition => ({
  flow: checkFlow(
    {
      ...shopFlow,
      sourceFlowConfig,
      destinationFlowConfigList: [
        {
          connectorType: 'Marketo',
          connectorProfileName: 'leads',
          destinationConnectorProperties: { Marketo },
        },
      ],
    },
    'flow',
  ),
});
const failed = { code: 'AccessDenied', parameters: {} };
const replayOf = '99999999-2222-4333-8444-555555555555';

test.each<[string, RunDefinition, Parameters<typeof whyNotRepeatable>[1], string | undefined]>([
  ['files', { flow: files }, failed, undefined],
  ['a vendor', from('GitHub'), failed, undefined],
  ['a connection that is gone', { flow: shopFlow }, failed, undefined],
  ['a connection of another name', { flow: files, connection: connection('GitHub') }, failed, undefined],
  [
    'a replay',
    { flow: files },
    { ...failed, parameters: { replayOf } },
    `it is of a replay, and the quarantine of run ${replayOf} is not in the bundle`,
  ],
  [
    'a custom connector',
    from('AcmeCRM'),
    failed,
    'AcmeCRM is a custom connector, and its code is not in the bundle',
  ],
  ['a connector that is none', from('AcmeCRM'), { ...failed, code: 'NotRunnable' }, undefined],
  [
    'a database',
    from('JDBC'),
    failed,
    'JDBC connects by itself, and no kept answer can stand in for what it is told',
  ],
  ['what an application takes', intoMarketo(source), { ...failed, step: 'DescribeSource' }, undefined],
  [
    'records of a vendor into an application',
    intoMarketo(source),
    { ...failed, step: 'LoadDestination' },
    'the records that MARKETO/leads was given are not in the bundle',
  ],
  [
    'records of files into an application',
    intoMarketo(files.sourceFlowConfig),
    { ...failed, step: 'LoadDestination' },
    undefined,
  ],
])('of %s', async (_, definition, index, why) => {
  expect(await whyNotRepeatable(definition, index)).toBe(why);
});
