import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { TributaryErrors } from '../../../core/errors.ts';
import { defineFlow } from '../../../core/flow/define-flow.ts';
import { checkFlow, readFlow } from '../../../core/flow/read.ts';
import { example, mutated } from './mutated.ts';

const names = readdirSync(new URL('../../fixtures/flows/', import.meta.url)).map((name) =>
  name.replace('.json', ''),
);

function messagesOf(attempt: () => unknown): string[] {
  try {
    attempt();
  } catch (error) {
    if (error instanceof TributaryErrors) return error.errors.map((one) => one.message);
    throw error;
  }
  return [];
}

function messageOf(attempt: () => unknown): string {
  try {
    attempt();
  } catch (error) {
    if (error instanceof Error) return `${error.name} ${error.message}`;
  }
  return 'accepted';
}

describe('readFlow', () => {
  it('knows fifteen example flows', () => {
    expect(names).toHaveLength(15);
  });

  it.each(names)('accepts %s and leaves it as it is', (name) => {
    expect(readFlow(example(name), `${name}.json`)).toEqual(JSON.parse(example(name)));
  });

  it('reads YAML, with times as ISO 8601 text', () => {
    const flow = readFlow(
      `
flowName: orders-daily
triggerConfig:
  triggerType: Scheduled
  triggerProperties:
    Scheduled:
      scheduleExpression: rate(1days)
      scheduleStartTime: 2026-03-01T06:00:00Z
      scheduleEndTime: 2026-03-02
      firstExecutionFrom: 2026-01-01T01:00:00+01:00
sourceFlowConfig:
  connectorType: S3
  sourceConnectorProperties: { S3: { bucketName: in-bucket, bucketPrefix: orders } }
destinationFlowConfigList:
  - connectorType: S3
    destinationConnectorProperties: { S3: { bucketName: out-bucket } }
tasks:
  - { taskType: Map_all, sourceFields: [] }
tributary: { fileExtension: true }
`,
      'orders.yaml',
    );
    expect(flow.triggerConfig.triggerProperties?.Scheduled).toEqual({
      scheduleExpression: 'rate(1days)',
      scheduleStartTime: 1_772_344_800,
      scheduleEndTime: 1_772_409_600,
      firstExecutionFrom: 1_767_225_600,
    });
    expect(flow.tributary).toEqual({ fileExtension: true });
  });

  it('reads the answer of DescribeFlow and keeps a stopped flow stopped', () => {
    const described = mutated('02-zendesk-tickets-s3-daily', {
      flowArn: 'arn:aws:appflow:eu-central-1:123456789012:flow/zendesk-tickets-daily',
      flowStatus: 'Suspended',
      flowStatusMessage: 'suspended by a person',
      createdAt: '2026-01-01T00:00:00+00:00',
      lastUpdatedAt: 1767225600,
      createdBy: 'arn:aws:iam::123456789012:user/a',
      lastUpdatedBy: 'arn:aws:iam::123456789012:user/a',
      lastRunExecutionDetails: { mostRecentExecutionStatus: 'Successful' },
      lastRunMetadataCatalogDetails: [],
      schemaVersion: 3,
      ResponseMetadata: { HTTPStatusCode: 200 },
    });
    expect(checkFlow(described, 'f.json')).toEqual({
      ...JSON.parse(example('02-zendesk-tickets-s3-daily')),
      tributary: { flowStatus: 'Suspended' },
    });
    const draft = mutated('02-zendesk-tickets-s3-daily', {
      flowStatus: 'Draft',
      tributary: { memorySize: 512 },
    });
    expect(checkFlow(draft, 'f.json').tributary).toEqual({ flowStatus: 'Suspended', memorySize: 512 });
    const active = mutated('02-zendesk-tickets-s3-daily', { flowStatus: 'Active' });
    expect(checkFlow(active, 'f.json')).not.toHaveProperty('tributary');
    const onDemand = mutated('07-salesforce-redshift', { flowStatus: 'Draft', clientToken: 'a-b' });
    expect(checkFlow(onDemand, 'f.json')).toEqual(JSON.parse(example('07-salesforce-redshift')));
  });

  it('checks a flow written in TypeScript', () => {
    const flow = defineFlow({
      flowName: 'typed-flow',
      triggerConfig: { triggerType: 'OnDemand' },
      sourceFlowConfig: {
        connectorType: 'S3',
        sourceConnectorProperties: { S3: { bucketName: 'in-bucket', bucketPrefix: 'a' } },
      },
      destinationFlowConfigList: [
        { connectorType: 'S3', destinationConnectorProperties: { S3: { bucketName: 'out-bucket' } } },
      ],
      tasks: [{ taskType: 'Map_all', sourceFields: [] }],
    });
    expect(checkFlow(flow, 'flow.ts')).toEqual(flow);
    expect(messageOf(() => checkFlow({ ...flow, tasks: [] }, 'flow.ts'))).toContain(
      'flow.ts: tasks: Task Validation Error',
    );
  });

  it('merges a mapping file before it judges the tasks', () => {
    const document = JSON.stringify(mutated('17-s3-zendesk-insert', { tasks: [] }));
    const flow = readFlow(document, 'f.json', { text: 'title, subject\n', fileName: 'm.csv' });
    expect(flow.tasks.map((task) => [task.taskType, task.destinationField])).toEqual([
      ['Filter', undefined],
      ['Map', 'subject'],
    ]);
    expect(messageOf(() => readFlow(document, 'f.json', { text: 'title', fileName: 'm.csv' }))).toContain(
      'm.csv: line 1',
    );
  });

  it('lists everything that is wrong, the rules of sound parts included', () => {
    const document = mutated('01-salesforce-opportunity-s3-parquet-incremental', {
      flowNam: 'x',
      kmsArn: null,
      'triggerConfig.triggerProperties.Scheduled.scheduleExpression': 'rate(0minutes)',
      'sourceFlowConfig.connectorProfileName': undefined,
      'tasks.1.connectorOperator': { Zendesk: 'GREATER_THAN' },
    });
    expect(messagesOf(() => checkFlow(document, 'f.json'))).toEqual([
      'f.json: kmsArn: wrong type; got null; expected text; leave the member out',
      "f.json: flowNam: unknown member; expected one of flowName, description, kmsArn, triggerConfig, sourceFlowConfig, destinationFlowConfigList, tasks, tags, metadataCatalogConfig, tributary; did you mean 'flowName'?",
      'f.json: triggerConfig.triggerProperties.Scheduled.scheduleExpression: not a schedule expression; got "rate(0minutes)"; expected a number from 1 to 100000',
      'f.json: sourceFlowConfig.connectorProfileName: Salesforce needs a connector profile; name one',
      'f.json: tasks[1].connectorOperator: Task Validation Error: The operator NO_OP is not valid for filtering tasks.  The task sourceConnectorType is FILTERING and the task operator is NO_OP; got {"Zendesk":"GREATER_THAN"}; expected one of PROJECTION, EQUAL_TO, NOT_EQUAL_TO, LESS_THAN, LESS_THAN_OR_EQUAL_TO, GREATER_THAN, GREATER_THAN_OR_EQUAL_TO, BETWEEN, CONTAINS; write it under the source\'s key: AppFlow ignores Zendesk here',
    ]);
  });

  it('does not blame the tasks for what is wrong with the destination', () => {
    const document = mutated('03-s3-csv-salesforce-upsert-error-bucket', {
      'destinationFlowConfigList.0.connectorType': 'salesforce',
      'tasks.0.connectorOperator': { Salesforce: 'PROJECTION' },
    });
    expect(messagesOf(() => checkFlow(document, 'f.json'))).toEqual([
      'f.json: destinationFlowConfigList[0].connectorType: not allowed here; got "salesforce"; did you mean \'Salesforce\'?',
    ]);
  });

  it.each([
    ['f.json', '{"a": 1,\n "b": 2,}', 'f.json:2:9: not valid JSON: Expected double-quoted property name'],
    ['f.json', '{"a": 1,\n "a": 2}', 'f.json:2:2: not valid JSON: Map keys must be unique'],
    ['f.json', '{"a": tru}', 'f.json:1:7: not valid JSON: Unresolved plain scalar "tru"'],
    ['f.json', '{"a": 1', 'f.json:1:8: not valid JSON: Flow map must end with a }'],
    ['f.json', ' \n', 'f.json: the file is empty'],
    ['flow', '{"a": 1', 'flow:1:8: not valid JSON'],
    ['flow', 'a: 1', 'flow: flowName: missing'],
    ['f.yml', 'a: 1\n b: 2', 'f.yml:1:4: not valid YAML: Nested mappings are not allowed'],
    ['f.yaml', 'a: *b', 'f.yaml: not valid YAML: Unresolved alias'],
    ['f.yaml', 'a: 1\n---\nb: 2', 'f.yaml:2:1: not valid YAML: more than one document'],
    ['f.yaml', 'kmsArn: !Sub arn', 'f.yaml:1:9: not valid YAML: Unresolved tag: !Sub'],
    ['f.yaml', '- 1', 'f.yaml: wrong type; got [1]; expected an object'],
  ])('says where %s is not readable: %j', (fileName, text, message) => {
    expect(messageOf(() => readFlow(text, fileName))).toContain(`FlowInvalid ${message}`);
  });

  it('refuses a YAML text that would grow without bounds', () => {
    const text = [
      'a: &a [x, x, x, x, x, x, x, x, x]',
      'b: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a]',
      'c: &c [*b, *b, *b, *b, *b, *b, *b, *b, *b]',
      'd: [*c, *c, *c, *c, *c, *c, *c, *c, *c]',
    ];
    expect(messageOf(() => readFlow(text.join('\n'), 'f.yaml'))).toContain(
      'f.yaml: not valid YAML: Excessive alias count',
    );
  });
});
