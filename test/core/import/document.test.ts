import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { foundInDocument } from '../../../core/import/document.ts';
import { commonTodo, importFlow } from '../../../core/import/import-flow.ts';
import { importProfile } from '../../../core/import/import-profile.ts';
import { oneOfEachName, refusedItem } from '../../../core/import/imported.ts';

const example = (name: string): Record<string, unknown> =>
  JSON.parse(readFileSync(new URL(`../../fixtures/flows/${name}.json`, import.meta.url), 'utf8'));
const tickets = example('02-zendesk-tickets-s3-daily');
const supports = { sources: new Set(['Zendesk', 'JDBC']), destinations: new Set(['S3']) };
const flowsOf = (document: unknown, connections = {}) =>
  foundInDocument(document, 'f.json', () => undefined).flatMap((one) =>
    one.kind === 'flow' ? [importFlow(one, supports, () => connections)] : [],
  );
const knowledge = {
  connectorNames: ['HubSpot', 'JDBC'],
  settingsOf: (name: string) => (name === 'JDBC' ? ['driver', 'hostname', 'database'] : undefined),
};
const profileOf = (details: object) => {
  const [found] = foundInDocument({ connectorProfileDetails: [details] }, 'p.json', () => undefined);
  if (found?.kind !== 'profile') throw new Error('there is no profile');
  return importProfile(found, knowledge);
};

describe('describe-flow', () => {
  const described = {
    ...tickets,
    flowArn: 'arn:aws:appflow:eu-west-1:123456789012:flow/x',
    flowStatus: 'Active',
    createdBy: 'somebody',
    lastRunExecutionDetails: {
      mostRecentExecutionTime: '2026-03-01T06:00:00+00:00',
      mostRecentExecutionStatus: 'Successful',
    },
  };

  it('gives the flow, and says where AppFlow stopped', () => {
    const [flow] = flowsOf(described);
    const [original] = flowsOf(tickets);
    expect(flow?.content).toEqual(original?.content);
    const begin = 'the first run here has no watermark yet: its window begins 30 days before it';
    expect(flow?.report.todo).toContain(
      `${begin}; to go on where AppFlow stopped, set firstExecutionFrom to 2026-03-01T06:00:00.000Z, less the scheduleOffset`,
    );
    const failed = { mostRecentExecutionTime: 1772344800, mostRecentExecutionStatus: 'Error' };
    const [other] = flowsOf({ ...described, lastRunExecutionDetails: failed });
    expect(other?.report.todo).toContain(
      `${begin}; AppFlow's latest run (2026-03-01T06:00:00.000Z) was Error: set firstExecutionFrom to its last successful one`,
    );
  });

  it('suspends a flow that does not run there', () => {
    const [flow] = flowsOf({ ...described, flowStatus: 'Draft' });
    expect(flow?.content?.tributary).toEqual({ flowStatus: 'Suspended' });
  });

  it('is told apart from a request, which has no status', () => {
    const note = 'the file does not say whether the flow is active: deployed here, it runs at once';
    expect(flowsOf(described)[0]?.report.todo).not.toContain(note);
    expect(flowsOf(tickets)[0]?.report.todo).toContain(note);
  });

  it('is refused with everything that is wrong', () => {
    const [flow] = flowsOf({ ...tickets, tasks: [], flowName: '-' });
    expect(flow?.content).toBeUndefined();
    expect(flow?.report.refused).toHaveLength(2);
    expect(flow?.report.refused[0]).toMatch(/^f\.json: flowName: not allowed here/);
  });

  it('says what cannot run, and what is done in another way', () => {
    const [flow] = flowsOf(example('12-salesforce-partitioned-cataloged'));
    expect(flow?.report.notYet).toEqual([
      'sourceFlowConfig.connectorType: this version has no source Salesforce; it has JDBC, Zendesk',
      'metadataCatalogConfig.glueDataCatalog: the Glue Data Catalog is not supported',
    ]);
    expect(flow?.report.differently).toContain(
      "catalog: the flow's own role is used; a table …_latest without a time in its name is there, too",
    );
  });

  it('is judged with its connection', () => {
    const orders = example('10-custom-connector-source-s3');
    const source = {
      connectorProfileName: 'erp-db',
      connectorType: 'CustomConnector',
      connectorLabel: 'SAP',
    };
    expect(flowsOf(orders, { source })[0]?.report).toMatchObject({
      notYet: ['sourceFlowConfig.connectorType: this version has no source SAP; it has JDBC, Zendesk'],
    });
    expect(flowsOf(orders)[0]?.report.todo).toContain(
      'connection erp-db: not among what is imported; import its profile, or create it',
    );
  });

  it('leaves to do for all flows what is one task', () => {
    const todo = commonTodo(flowsOf([tickets, example('18-hubspot-map-all')]));
    expect(todo[0]).toMatch(/^stop in AppFlow .* --flow-name zendesk-tickets-daily$/);
    expect(todo[1]).toMatch(/^policy of nordwind-lake: /);
    expect(todo).toHaveLength(4);
    expect(commonTodo([refusedItem('x', 'y', ['z'])])).toEqual([]);
  });
});

describe('describe-connector-profiles', () => {
  const profile = {
    connectorProfileArn: 'arn:aws:appflow:eu-west-1:123456789012:connectorprofile/erp',
    connectorProfileName: 'erp',
    connectorType: 'CustomConnector',
    connectorLabel: 'jdbc',
    connectionMode: 'Private',
    credentialsArn: 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:appflow!erp',
    connectorProfileProperties: {
      CustomConnector: {
        profileProperties: {
          driver: 'postgresql',
          hostname: 'db',
          database: 'erp',
          fetch: '5',
          dbPassword: 'x',
        },
        oAuth2Properties: { tokenUrl: 'https://db/token', oAuth2GrantType: 'CLIENT_CREDENTIALS' },
      },
    },
    createdAt: 1,
    privateConnectionProvisioningState: { status: 'CREATED' },
  };

  it('gives settings that the connector has, and names all others', () => {
    expect(profileOf(profile)).toEqual({
      name: 'erp',
      place: 'p.json[0]',
      content: {
        connectorProfileName: 'erp',
        connectorType: 'CustomConnector',
        connectorLabel: 'JDBC',
        connectionMode: 'Private',
        connectorProfileProperties: { driver: 'postgresql', hostname: 'db', database: 'erp' },
      },
      report: {
        refused: [],
        kept: ['JDBC, private', 'setting driver', 'setting hostname', 'setting database'],
        differently: [
          "AppFlow's label jdbc is JDBC here",
          'fetch: not a setting of JDBC here, left out',
          'tokenUrl: not a setting of JDBC here, left out',
          'oAuth2GrantType: not a setting of JDBC here, left out',
        ],
        notYet: [],
        todo: [
          'dbPassword: looks like a secret, left out; give it as a credential',
          'private: name vpcId, subnetIds and securityGroupIds under vpc, in place of PrivateLink',
          'credentials cannot leave AppFlow: `tributary connection edit erp` asks for them, or for consent',
        ],
      },
    });
  });

  it('keeps the settings of a connector that is not here yet', () => {
    const { content, report } = profileOf({
      connectorProfileName: 'sf',
      connectorType: 'Salesforce',
      connectionMode: 'Public',
      connectorProfileProperties: { Salesforce: { instanceUrl: 'https://acme.my.salesforce.com' } },
    });
    expect(content).toEqual({
      connectorProfileName: 'sf',
      connectorType: 'Salesforce',
      connectorProfileProperties: { instanceUrl: 'https://acme.my.salesforce.com' },
    });
    expect(report.notYet).toEqual([
      'this version has no connector Salesforce; its settings are kept as they are',
    ]);
  });

  it('says how a custom connector comes to be here', () => {
    const { content, report } = profileOf({
      connectorProfileName: 'crm',
      connectorType: 'CustomConnector',
      connectorLabel: 'AcmeCRM',
      connectionMode: 'Public',
      connectorProfileProperties: { CustomConnector: { profileProperties: { region: 'EU' } } },
    });
    expect(content).toMatchObject({ connectorLabel: 'AcmeCRM' });
    expect(report.notYet).toEqual([
      'this version has no connector AcmeCRM; if it is a custom connector, register its function: `tributary connectors register AcmeCRM --lambda ARN`',
    ]);
  });

  it('is refused where it is no connection', () => {
    expect(profileOf({ connectorProfileName: 'x y', connectorType: 'Slack' }).report.refused).toHaveLength(1);
  });
});

describe('other documents', () => {
  const reasons = (document: unknown) =>
    foundInDocument(document, 'f.json', () => undefined).map((one) =>
      one.kind === 'notImported' ? one.reason : one.kind,
    );

  it('are named', () => {
    expect(reasons({ flows: [{ flowName: 'x' }] })).toEqual([
      'a list of flows has summaries only; import what `aws appflow describe-flow --flow-name NAME` prints for each',
    ]);
    expect(reasons({ hello: 1 })).toEqual([
      'neither a flow, connector profiles, a template nor a Terraform plan',
    ]);
    expect(reasons(['text', tickets])).toEqual(['neither an object nor a list', 'flow']);
    const repeated = { 'Fn::ForEach::All': ['Name', ['a'], { '${Name}': { Type: 'AWS::AppFlow::Flow' } }] };
    expect(reasons({ Resources: repeated })).toEqual([
      'resources made by a loop are not read; import what `aws cloudformation get-template --template-stage Processed` prints',
    ]);
    expect(reasons({ Resources: { Own: { Type: 'AWS::AppFlow::Connector' } } })).toEqual([
      'AWS::AppFlow::Connector: a connector is a folder of connectors/ here, not a Lambda function',
    ]);
  });
});

describe('several of one name', () => {
  const item = (place: string, content?: object) => ({
    ...refusedItem('x', place, []),
    ...(content && { content }),
  });

  it('are one if they say the same, none if they differ', () => {
    const [a, b] = [item('a', { x: 1, y: 2 }), item('b', { y: 2, x: 1 })];
    expect(oneOfEachName([a, b])).toEqual([a]);
    const refusals = oneOfEachName([a, item('c', { x: 2 })]).map(({ place, content, report }) => [
      place,
      content,
      report.refused,
    ]);
    expect(refusals).toEqual([
      ['a', undefined, ['another one of this name differs: c']],
      ['c', undefined, ['another one of this name differs: a']],
    ]);
    const refused = item('d');
    expect(oneOfEachName([a, refused])).toEqual([a, refused]);
  });
});
