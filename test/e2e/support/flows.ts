import type { FlowInput } from '../../../core/flow/definition.ts';

/** Buckets of the tests; the flows read the first, write the second and put refused records into the third. */
export const inbox = 'e2e-inbox';
export const lake = 'e2e-lake';
export const errors = 'e2e-errors';
export const database = 'e2e';
export const account = '123456789012';

/** Registers a flow's output. AppFlow wants a role; the deployed flow uses its own. */
export const metadataCatalogConfig = {
  glueDataCatalog: {
    roleArn: `arn:aws:iam::${account}:role/unused`,
    databaseName: database,
    tablePrefix: 'E2E',
  },
};

type S3OutputFormatConfig = NonNullable<
  NonNullable<
    FlowInput['destinationFlowConfigList'][number]['destinationConnectorProperties']['S3']
  >['s3OutputFormatConfig']
>;

export interface FlowParts {
  /** Of a scheduled flow. */
  readonly scheduled?: NonNullable<NonNullable<FlowInput['triggerConfig']['triggerProperties']>['Scheduled']>;
  readonly output?: S3OutputFormatConfig;
  readonly tasks?: FlowInput['tasks'];
  readonly more?: Partial<FlowInput>;
}

const mapAll: FlowInput['tasks'] = [{ taskType: 'Map_all', sourceFields: [], taskProperties: {} }];

function triggerConfig(scheduled: FlowParts['scheduled']): FlowInput['triggerConfig'] {
  return scheduled
    ? { triggerType: 'Scheduled', triggerProperties: { Scheduled: scheduled } }
    : { triggerType: 'OnDemand' };
}

function destination(output: S3OutputFormatConfig): FlowInput['destinationFlowConfigList'] {
  return [
    {
      connectorType: 'S3',
      destinationConnectorProperties: {
        S3: { bucketName: lake, bucketPrefix: 'out', s3OutputFormatConfig: output },
      },
    },
  ];
}

/** One file a run, named after nothing but the run. */
const oneFile: S3OutputFormatConfig = {
  prefixConfig: { pathPrefixHierarchy: ['EXECUTION_ID'] },
  aggregationConfig: { aggregationType: 'SingleFile' },
};

/** CSV files from `s3://e2e-inbox/<flowName>` to JSON Lines in `s3://e2e-lake/out/<flowName>`. */
export function csvFlow(
  flowName: string,
  { scheduled, output = oneFile, tasks = mapAll, more }: FlowParts = {},
): FlowInput {
  return {
    flowName,
    triggerConfig: triggerConfig(scheduled),
    sourceFlowConfig: {
      connectorType: 'S3',
      sourceConnectorProperties: { S3: { bucketName: inbox, bucketPrefix: flowName } },
    },
    destinationFlowConfigList: destination(output),
    tasks,
    ...more,
  };
}

/** A GitHub repository's issues, through a connection, to JSON Lines in `s3://e2e-lake/out/<flowName>`. */
export function issuesFlow(
  flowName: string,
  connectorProfileName: string,
  { scheduled, output = oneFile, tasks, more }: FlowParts = {},
): FlowInput {
  const connectorOperator = { CustomConnector: 'NO_OP' as const };
  return {
    flowName,
    triggerConfig: triggerConfig(scheduled),
    sourceFlowConfig: {
      connectorType: 'CustomConnector',
      connectorProfileName,
      apiVersion: '2022-11-28',
      sourceConnectorProperties: { CustomConnector: { entityName: 'issues' } },
    },
    destinationFlowConfigList: destination(output),
    tasks: tasks ?? [
      {
        taskType: 'Filter',
        sourceFields: ['id', 'title'],
        connectorOperator: { CustomConnector: 'PROJECTION' },
      },
      { taskType: 'Map', sourceFields: ['id'], destinationField: 'id', connectorOperator },
      { taskType: 'Map', sourceFields: ['title'], destinationField: 'title', connectorOperator },
    ],
    ...more,
  };
}

/** A connection to a GitHub that is a server of the test. */
export function gitHub(connectorProfileName: string, endpoint: string) {
  return {
    connectorProfileName,
    connectorType: 'CustomConnector',
    connectorLabel: 'GitHub',
    endpoint,
    connectorProfileProperties: { owner: 'acme', repo: 'web' },
    credentials: { apiKey: '${env:GITHUB_TOKEN}' },
  } as const;
}
