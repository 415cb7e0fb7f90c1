/** Least privilege: every statement of a deployed flow's roles is needed; without it, something fails and says so. */

import { PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { GetRolePolicyCommand, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import { CreateKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import { PutBucketEncryptionCommand } from '@aws-sdk/client-s3';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { readFlowItems } from '../../engine/run/run.ts';
import { type LocalServer, startServer } from '../support/http-server.ts';
import { cloud } from './cloud/client.ts';
import {
  type DeployedFlow,
  deployedFlow,
  deployFlows,
  expectNoTrouble,
  freshCloud,
  makeStores,
  put,
  state,
} from './support/deployment.ts';
import { csvFlow, errors, gitHub, inbox, issuesFlow, lake, metadataCatalogConfig } from './support/flows.ts';

const files = deployedFlow('guarded-files');
const issues = deployedFlow('guarded-issues');

interface Statement {
  readonly Sid: string;
  readonly Resource: unknown;
}

interface Role {
  readonly name: string;
  readonly statements: readonly Statement[];
}

let server: LocalServer;

async function rolesOf(flow: DeployedFlow): Promise<Record<string, Role>> {
  const roles: Record<string, Role> = {};
  for (const [id, RoleName] of Object.entries(await flow.resources('AWS::IAM::Role'))) {
    const policy = await cloud.iam.send(new GetRolePolicyCommand({ RoleName, PolicyName: 'grants' }));
    const { Statement } = JSON.parse(decodeURIComponent(policy.PolicyDocument ?? ''));
    roles[id.replace(/^Flow|[0-9A-F]{8}$/g, '')] = { name: RoleName, statements: Statement };
  }
  return roles;
}

async function setStatements(role: Role, statements: readonly Statement[]): Promise<void> {
  // A policy cannot be empty: this one allows what anybody may.
  const nothing = { Sid: 'Nothing', Effect: 'Allow', Action: 'sts:GetCallerIdentity', Resource: '*' };
  const PolicyDocument = JSON.stringify({
    Version: '2012-10-17',
    Statement: statements.length > 0 ? statements : [nothing],
  });
  await cloud.iam.send(
    new PutRolePolicyCommand({ RoleName: role.name, PolicyName: 'grants', PolicyDocument }),
  );
}

beforeAll(async () => {
  await freshCloud();
  await makeStores();
  const kms = new KMSClient({});
  const key = async () => (await kms.send(new CreateKeyCommand({}))).KeyMetadata?.Arn ?? '';
  const [kmsArn, bucketKey] = [await key(), await key()];
  for (const Bucket of [inbox, lake, errors]) {
    await cloud.s3.send(
      new PutBucketEncryptionCommand({
        Bucket,
        ServerSideEncryptionConfiguration: {
          Rules: [
            { ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms', KMSMasterKeyID: bucketKey } },
          ],
        },
      }),
    );
  }
  await put(inbox, 'guarded-files/1.csv', 'id,n\n1,1\n2,x\n');
  await put(inbox, 'guarded-files/2.csv', 'id,n\n3,3\n');
  server = await startServer((_, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify([{ id: 1, title: 'one', updated_at: '2026-01-01T00:00:00Z' }]));
  });
  const noOp = { S3: 'NO_OP' } as const;
  await deployFlows(
    [
      csvFlow('guarded-files', {
        tasks: [
          {
            taskType: 'Filter',
            sourceFields: ['id', 'n'],
            connectorOperator: { S3: 'PROJECTION' },
            taskProperties: {},
          },
          {
            taskType: 'Map',
            sourceFields: ['id'],
            destinationField: 'id',
            connectorOperator: noOp,
            taskProperties: {},
          },
          {
            taskType: 'Map',
            sourceFields: ['n'],
            destinationField: 'n',
            connectorOperator: noOp,
            taskProperties: { SOURCE_DATA_TYPE: 'string', DESTINATION_DATA_TYPE: 'integer' },
          },
        ],
        more: {
          kmsArn,
          metadataCatalogConfig,
          tributary: {
            errorHandlingConfig: { bucketName: errors },
            eventPattern: { source: ['e2e.rights'] },
          },
        },
      }),
      issuesFlow('guarded-issues', 'guarded', {
        scheduled: { scheduleExpression: 'rate(1days)', dataPullMode: 'Complete' },
      }),
    ],
    [gitHub('guarded', server.endpoint)],
  );
  await expectNoTrouble();
});

afterEach(freshCloud);

afterAll(() => server.close());

/** Statements that a run on the emulated cloud does not miss, and why they are there. */
const notMissed: Readonly<Record<string, string>> = {
  'Control WriteLog': 'a run goes on without its log; the refusal is recorded',
  'Transfer WriteLog': 'a run goes on without its log; the refusal is recorded',
  'Transfer ReadQuarantine': 'only a replay reads what an earlier run has refused',
  // Without the right to list, S3 says of an object that is not there that it is forbidden.
  'Transfer ListState': 'only a flow with a lookback asks whether its ledger is there',
  'Control ListDestination':
    'only a commit that goes on after a break asks which objects are there, and for uploads',
  'Control ListErrorBucket': 'the same of the quarantine',
};
/** Only many splits go through the Map, and only a refused refresh token makes the transfer emit an event. */
const notMissedByOneSplit = [
  'StateMachine ReadSplits',
  'StateMachine DecryptSplits',
  'StateMachine StartChildren',
  'StateMachine FollowChildren',
  'Transfer EmitEvents',
];

/** Has the flow run by whoever has this role: by hand, by its schedule, by an event. Answers the run's status, or that it was not even begun. */
async function attempt(flow: DeployedFlow, role: string): Promise<string | undefined> {
  if (role === 'EventRole') {
    const Entries = [{ Source: 'e2e.rights', DetailType: 'Come', Detail: '{}' }];
    await cloud.eventBridge.send(new PutEventsCommand({ Entries }));
    await vi.waitFor(async () => expect(await cloud.problems()).not.toEqual([]), 20_000);
    return 'REFUSED';
  }
  try {
    return (await (role === 'ScheduleRole' ? flow.fired() : flow.run())).status;
  } catch (error) {
    return /not authorized/.test(String(error)) ? 'REFUSED' : `${error}`;
  }
}

/** A dead run in the slot, so that the next start has to ask for its execution. */
async function leaveSlotHeld(
  flow: DeployedFlow,
  dead: { executionId: string; executionArn?: string | undefined },
) {
  const { slot } = await readFlowItems(state, flow.flowName);
  const { executionId, executionArn } = dead;
  const set = { fence: slot?.data.fence ?? 0, executionId, executionArn };
  await state.write([{ pk: `FLOW#${flow.flowName}`, sk: 'SLOT', expect: slot?.revision ?? 0, set }]);
}

describe.each([
  { flow: files, excused: Object.keys(notMissed) },
  { flow: issues, excused: [...Object.keys(notMissed), ...notMissedByOneSplit] },
])('without any one statement, $flow.flowName', ({ flow, excused }) => {
  it('fails, naming what it may not do', async () => {
    const first = await flow.run();
    expect(first.status).toBe('SUCCEEDED');
    const outcomes: Record<string, string> = {};
    for (const [id, role] of Object.entries(await rolesOf(flow))) {
      for (const statement of role.statements) {
        await freshCloud();
        await cloud.dropStatusEvents(true);
        await cloud.coolDown();
        await leaveSlotHeld(flow, first);
        await setStatements(
          role,
          role.statements.filter((one) => one !== statement),
        );
        const status = await attempt(flow, id);
        const { denied } = await cloud.iamReport();
        await setStatements(role, role.statements);
        outcomes[`${id.replace(/Role$/, '')} ${statement.Sid}`] =
          `${status}${denied.length > 0 ? ', denied' : ''}`;
        // A run that died within its commit is finished before the next statement goes.
        const left = (await readFlowItems(state, flow.flowName)).slot?.data.executionId;
        if (left !== undefined && left !== first.executionId) await flow.run();
      }
    }
    const unexpected = Object.entries(outcomes).filter(
      ([name, outcome]) =>
        !['FAILED, denied', 'REFUSED, denied'].includes(outcome) && !excused.includes(name),
    );
    expect(unexpected).toEqual([]);
    // And the other way round: what is excused is not missed.
    expect(excused.filter((name) => /^(FAILED|REFUSED)/.test(outcomes[name] ?? ''))).toEqual([]);
    expect(Object.keys(outcomes).length).toBeGreaterThan(20);
    expect(outcomes['Control WriteLog']).toBe('SUCCEEDED, denied');
  }, 600_000);
});
