import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { flowTemplate } from '../../../core/export/cloudformation.ts';
import { canonicalFlow } from '../../../core/flow/canonical.ts';
import { parseDocument, readFlow } from '../../../core/flow/read.ts';
import { foundInDocument } from '../../../core/import/document.ts';
import { type ImportedFlow, importFlow } from '../../../core/import/import-flow.ts';
import { importProfile } from '../../../core/import/import-profile.ts';
import { templateTags } from '../../../core/import/template-tags.ts';

const folder = new URL('../../fixtures/import/cloudformation/', import.meta.url);
const flows = new URL('../../fixtures/flows/', import.meta.url);
const supports = { sources: new Set(['Zendesk']), destinations: new Set(['S3']) };
const knowledge = { connectorNames: ['Zendesk'], settingsOf: () => ['instanceUrl'] };

const parsed = (text: string, name = 'lake.yaml') => parseDocument(text, name, 'FlowInvalid', templateTags);
const found = (given: Record<string, string> = {}) =>
  foundInDocument(
    parsed(readFileSync(new URL('lake.yaml', folder), 'utf8')),
    'lake.yaml',
    (name) => given[name],
  );
const flowsOf = (all: ReturnType<typeof found>): ImportedFlow[] =>
  all.flatMap((one) => (one.kind === 'flow' ? [importFlow(one, supports, () => ({}))] : []));
const imported = (given?: Record<string, string>) => flowsOf(found(given));

describe('a template', () => {
  const twins = readdirSync(folder).filter((file) => file.endsWith('.template.json'));

  it.each(twins)('%s gives the flow that it was made from', (file) => {
    const [flow] = flowsOf(
      foundInDocument(parsed(readFileSync(new URL(file, folder), 'utf8'), file), file, () => undefined),
    );
    const original = file.replace('.template', '');
    const expected = canonicalFlow(readFlow(readFileSync(new URL(original, flows), 'utf8'), original));
    expect(flow?.content).toEqual(expected);
  });

  it('of all examples but one is what an export writes', () => {
    expect(twins).toHaveLength(14);
    for (const file of twins) {
      const twin = JSON.parse(readFileSync(new URL(file, folder), 'utf8'));
      const [flow] = flowsOf(foundInDocument(twin, file, () => undefined));
      if (!flow?.content) throw new Error(`${file} is not imported`);
      const template = flowTemplate([flow.content]);
      const [again] = flowsOf(foundInDocument(template, file, () => undefined));
      expect(again?.content).toEqual(flow.content);
      const [resource] = Object.values(template.Resources);
      const known = new Set(names(twin));
      // Every name that the export writes is one that CloudFormation knows: the twin has it.
      const exported = names(resource).filter((name) => !known.has(name));
      expect(exported).toEqual([]);
    }
  });
});

/** Names of members, at any depth. */
function names(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(names);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, member]) => [name, ...names(member)]);
}

describe('a template written by hand', () => {
  it('gives what its functions, parameters and mixed cases say', () => {
    const [tickets] = imported();
    expect(tickets).toMatchObject({
      name: 'zendesk-tickets-prod',
      place: 'lake.yaml: Resources.Tickets',
      content: {
        flowName: 'zendesk-tickets-prod',
        description: 'Tickets of production',
        triggerConfig: {
          triggerType: 'Scheduled',
          triggerProperties: {
            Scheduled: {
              scheduleExpression: 'rate(1days)',
              dataPullMode: 'Incremental',
              timezone: 'Europe/Berlin',
              scheduleOffset: 300,
            },
          },
        },
        sourceFlowConfig: { connectorProfileName: 'zendesk-prod' },
        destinationFlowConfigList: [
          {
            destinationConnectorProperties: {
              S3: {
                bucketName: 'nordwind-lake-prod',
                bucketPrefix: 'zendesk',
                s3OutputFormatConfig: {
                  fileType: 'PARQUET',
                  preserveSourceDataTyping: true,
                  aggregationConfig: { aggregationType: 'SingleFile', targetFileSize: 128 },
                },
              },
            },
          },
        ],
        tasks: [
          { sourceFields: ['id', 'status', 'subject', 'updated_at'] },
          { taskType: 'Truncate', taskProperties: { TRUNCATE_LENGTH: '80' } },
          { taskProperties: { SOURCE_DATA_TYPE: 'long', DESTINATION_DATA_TYPE: 'long' } },
          { destinationField: 'subject', taskProperties: {} },
        ],
        tags: { stage: 'prod' },
      },
    });
    expect(tickets?.report.differently).toContain('tags.stack: left out, as Ref AWS::StackName is not known');
    expect(tickets?.report.notYet).toEqual([]);
    expect(tickets?.report.todo).toEqual([
      'connection zendesk-prod: not among what is imported; import its profile, or create it',
      'the first run here has no watermark yet: its window begins 30 days before it; to go on where AppFlow stopped, set firstExecutionFrom',
    ]);
  });

  it('takes the values that it is given, for parameters, pseudo parameters, resources and attributes', () => {
    const given = {
      Stage: 'test',
      Bucket: 'own',
      'AWS::StackName': 'lake',
      Key: 'arn:aws:kms:eu-west-1:123456789012:key/1',
    };
    const [tickets, draft] = imported({ ...given, 'Elsewhere.Outputs.Bucket': 'other' });
    expect(tickets?.content).toMatchObject({
      flowName: 'zendesk-tickets-test',
      triggerConfig: { triggerProperties: { Scheduled: { scheduleExpression: 'rate(7days)' } } },
      destinationFlowConfigList: [{ destinationConnectorProperties: { S3: { bucketName: 'own' } } }],
      tags: { stage: 'test', stack: 'lake' },
    });
    expect(tickets?.content).not.toHaveProperty('description');
    // A scheduled flow without FlowStatus is a draft.
    expect(draft?.content?.tributary).toEqual({ flowStatus: 'Suspended' });
    expect(draft?.report.todo).toContain('the template has no FlowStatus, so AppFlow made a draft of it');
  });

  it('is refused for what nobody knows, each with its place and the way to tell it', () => {
    const [, draft] = imported();
    expect(draft).toEqual({
      name: 'zendesk-tickets-draft',
      place: 'lake.yaml: Resources.Draft',
      report: {
        refused: [
          'kmsArn: Ref Key is not known: the template does not tell it; give it with --parameters Key=VALUE',
          'destinationFlowConfigList[0].destinationConnectorProperties.S3.bucketName: Fn::GetAtt Elsewhere.Outputs.Bucket is not known: the template does not tell it; give it with --parameters Elsewhere.Outputs.Bucket=VALUE',
        ],
        kept: [],
        differently: [],
        notYet: [],
        todo: [],
      },
    });
  });

  it('names what is not made, and what is elsewhere', () => {
    expect(
      found().flatMap((one) => (one.kind === 'notImported' ? [[one.name, one.reason, one.harmless]] : [])),
    ).toEqual([
      ['TestOnly', 'its condition IsTest does not hold', true],
      ['Elsewhere', 'a nested stack: import its own template, too', true],
    ]);
  });

  it('gives connections without credentials', () => {
    const [profile] = found().flatMap((one) => (one.kind === 'profile' ? [one] : []));
    if (!profile) throw new Error('there is no profile');
    expect(JSON.stringify(profile)).not.toMatch(/abc-not|resolve:/);
    expect(importProfile(profile, knowledge)).toEqual({
      name: 'zendesk-prod',
      place: 'lake.yaml: Resources.Zendesk',
      content: {
        connectorProfileName: 'zendesk-prod',
        connectorType: 'Zendesk',
        connectorProfileProperties: { instanceUrl: 'https://nordwind.zendesk.com' },
      },
      report: {
        refused: [],
        kept: ['Zendesk', 'setting instanceUrl'],
        differently: [],
        notYet: [],
        todo: [
          'credentials in the file, none of them copied: clientId, clientSecret, accessToken',
          'credentials cannot leave AppFlow: `tributary connection edit zendesk-prod` asks for them, or for consent',
        ],
      },
    });
  });
});

it('Object of LookoutMetrics, which the API lacks, is left out and named; without it nothing is said', () => {
  const twin = '18-hubspot-map-all.template.json';
  const template = JSON.parse(readFileSync(new URL(twin, folder), 'utf8'));
  const toLookout = (LookoutMetrics: object) => {
    template.Resources.Flow.Properties.DestinationFlowConfigList = [
      { ConnectorType: 'LookoutMetrics', DestinationConnectorProperties: { LookoutMetrics } },
    ];
    const [flow] = flowsOf(foundInDocument(template, twin, () => undefined));
    expect(flow?.content?.destinationFlowConfigList[0]?.destinationConnectorProperties).toEqual({
      LookoutMetrics: {},
    });
    return flow?.report.todo.filter((text) => text.includes('Object'));
  };
  expect(toLookout({ Object: 'x' })).toEqual([
    'Object of LookoutMetrics is left out: the API has no such member',
  ]);
  expect(toLookout({})).toEqual([]);
});

describe('a function', () => {
  const more = {
    Parameters: { Stored: { Type: 'AWS::SSM::Parameter::Value<String>', Default: '/bucket' } },
    Mappings: { Map: { a: { b: 'x' } } },
    Conditions: {
      Yes: { 'Fn::And': [{ 'Fn::Equals': ['a', 'a'] }, { 'Fn::Not': [{ Condition: 'Not' }] }] },
      Not: { 'Fn::Equals': ['a', 'b'] },
      Unknown: { 'Fn::Equals': [{ Ref: 'Missing' }, 'b'] },
    },
  };
  /** The bucket's name that a flow gets, or why it gets none. */
  const bucket = (written: unknown): string | undefined => {
    const Properties = {
      FlowName: 'a-flow',
      TriggerConfig: { TriggerType: 'OnDemand' },
      SourceFlowConfig: {
        ConnectorType: 'S3',
        SourceConnectorProperties: { S3: { BucketName: 'inbox', BucketPrefix: 'in' } },
      },
      DestinationFlowConfigList: [
        { ConnectorType: 'S3', DestinationConnectorProperties: { S3: { BucketName: written } } },
      ],
      Tasks: [{ TaskType: 'Map_all', SourceFields: [], TaskProperties: [] }],
    };
    const Resources = {
      Flow: { Type: 'AWS::AppFlow::Flow', Properties },
      Circle: { Type: 'AWS::S3::Bucket', Properties: { BucketName: { Ref: 'Circle' } } },
    };
    const [flow] = flowsOf(foundInDocument({ ...more, Resources }, 't.json', () => undefined));
    const config = flow?.content?.destinationFlowConfigList[0];
    return config?.destinationConnectorProperties.S3?.bucketName ?? flow?.report.refused.join('\n');
  };

  it.each([
    [{ 'Fn::Sub': ['${a}-${!b}', { a: { 'Fn::Join': ['', ['x', 'y']] } }] }, 'xy-${b}'],
    [{ 'Fn::Select': ['1', ['a11', 'b22']] }, 'b22'],
    [{ 'Fn::If': ['Yes', 'yes', { Ref: 'Missing' }] }, 'yes'],
    [{ 'Fn::If': ['Not', 'yes', 'nope'] }, 'nope'],
  ])('%j is %s', (written, expected) => {
    expect(bucket(written)).toBe(expected);
  });

  it.each([
    [{ Ref: 'Stored' }, 'Ref Stored is not known: the template does not tell it'],
    [{ Ref: 'Circle' }, 'Ref Circle is not known: it refers to itself'],
    [{ 'Fn::ImportValue': 'x' }, 'Fn::ImportValue is not known: its value is known when'],
    [{ 'Fn::If': ['Unknown', 'yes', 'no'] }, 'Condition Unknown is not known: Fn::Equals: Ref Missing'],
    ['{{resolve:ssm:bucket}}', '{{resolve:ssm:bucket}} is not known: a dynamic reference is read when'],
    [{ 'Fn::FindInMap': ['Map', 'a', 'c'] }, 'Fn::FindInMap Map.a.c is not known: the mapping has no such'],
    [{ 'Fn::Join': ['-', ['a', { Ref: 'Missing' }]] }, 'Fn::Join is not known: Ref Missing'],
  ])('%j has no value, and it is said why', (written, expected) => {
    const at = 'destinationFlowConfigList[0].destinationConnectorProperties.S3.bucketName';
    expect(bucket(written)?.startsWith(`${at}: ${expected}`)).toBe(true);
  });
});
