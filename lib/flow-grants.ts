import type { Stack } from 'aws-cdk-lib';
import type { FlowDefinition } from '../core/flow/definition.ts';
import { destinationProperties, sourceProperties } from '../core/flow/describe.ts';
import { errorHandlingOf } from '../core/flow/record-destination.ts';
import {
  flowResourceName,
  secretName,
  stateBucketName,
  stateTableName,
  tokenSecretName,
} from '../core/physical-name.ts';
import type { Grant, Grants } from './node-function.ts';

export interface GrantContext {
  readonly stack: Stack;
  readonly flow: FlowDefinition;
  /** Of the platform; encrypts the state and the connections' secrets. */
  readonly platformKeyArn: string;
  /** Of the platform; signs the certificates of runs. */
  readonly signingKeyArn: string;
  /** The object with the flow's definition. */
  readonly definitionArn: string;
  readonly eventSource: string;
  /** Connections of the source and of the application that records go to; one of both once. */
  readonly credentials: readonly ConnectionCredentials[];
  /** Functions of custom connectors. Default: none. */
  readonly customFunctionArns?: readonly string[];
}

export interface ConnectionCredentials {
  readonly connectorProfileName: string;
  /** Where it gets access tokens; and where a custom connector is given them. */
  readonly oauth2: { readonly rotates: boolean; readonly handsOver?: true } | undefined;
}

/** What it takes to put an object, whole or in parts, and to see whether it is there already. */
const writeObjects = [
  's3:PutObject',
  's3:GetObject',
  's3:AbortMultipartUpload',
  's3:ListMultipartUploadParts',
];

/** Also the uploads that a killed function has left unfinished. */
const listUploads = ['s3:ListBucket', 's3:ListBucketMultipartUploads'];

/** A folder of a bucket, as the flow names it. */
interface Folder {
  readonly bucket: string;
  /** Without slashes at the ends; empty: the whole bucket. */
  readonly prefix: string;
}

/**
 * What DescribeSource, TransferBatch and LoadDestination need: the source, the state, the application that records go to, and
 * to see whether the destination's buckets are there.
 */
export function transferGrants(context: GrantContext): Grants {
  const { flow, credentials, customFunctionArns = [] } = context;
  const source = sourceFolder(flow);
  const destination = destinationFolder(flow);
  const errors = errorFolder(flow);
  const names = (some: (oauth2: ConnectionCredentials['oauth2']) => boolean | undefined) =>
    credentials.flatMap(({ connectorProfileName, oauth2 }) => (some(oauth2) ? [connectorProfileName] : []));
  const all = names(() => true);
  const withTokens = names((oauth2) => oauth2 !== undefined);
  const rotating = names((oauth2) => oauth2?.rotates);
  const handedOver = names((oauth2) => oauth2?.handsOver);
  return {
    ...stateGrants(context, {
      // Access tokens are shared by the flows of a connection.
      connections: withTokens,
      items: ['dynamodb:GetItem', 'dynamodb:Query', 'dynamodb:UpdateItem', 'dynamodb:ConditionCheckItem'],
      runs: ['s3:GetObject', 's3:PutObject'],
      // A segment that lost against its twin is removed by who wrote it.
      segments: ['s3:GetObject', 's3:PutObject', 's3:DeleteObject'],
      list: ['s3:ListBucket'],
    }),
    ...(source && {
      ReadSource: { actions: ['s3:GetObject'], ...sourceObjects(context, source) },
      ListSource: list(context, source),
    }),
    ...(all.length > 0 && {
      ReadCredentials: secrets(context, all, ['secretsmanager:GetSecretValue']),
    }),
    ...(rotating.length > 0 && {
      KeepRefreshToken: secrets(context, rotating, ['secretsmanager:PutSecretValue']),
    }),
    ...(handedOver.length > 0 && {
      HandOverToken: secrets(
        context,
        handedOver,
        ['secretsmanager:GetSecretValue', 'secretsmanager:PutSecretValue'],
        tokenSecretName,
      ),
    }),
    ...(customFunctionArns.length > 0 && {
      InvokeConnector: { actions: ['lambda:InvokeFunction'], resources: customFunctionArns },
    }),
    // Of a connection that needs consent.
    ...(withTokens.length > 0 && { EmitEvents: emitEvents(context) }),
    ...(destination && { SeeDestination: list(context, destination) }),
    ...(errors && errors.bucket !== destination?.bucket && { SeeErrorBucket: list(context, errors) }),
    // A replay reads what an earlier run has left there. Runs into an application are not replayed.
    ...(errors &&
      destination && {
        ReadQuarantine: { actions: ['s3:GetObject'], ...objects(context, below(errors, flow.flowName)) },
      }),
    ...(errors &&
      destination &&
      flow.kmsArn === undefined && {
        UseKeyOfQuarantine: bucketKeys(context, ['kms:Decrypt'], [errors]),
      }),
    ...(source && { UseKeyOfSource: bucketKeys(context, ['kms:Decrypt'], [source]) }),
  };
}

/** What the other steps need: the state, the destination, the catalog, and to report. */
export function controlGrants(context: GrantContext): Grants {
  const { flow, stack, signingKeyArn } = context;
  const destination = destinationFolder(flow);
  const errors = errorFolder(flow);
  const catalog = flow.metadataCatalogConfig?.glueDataCatalog;
  const targets = [destination, errors].filter((folder) => folder !== undefined);
  const glue = (resource: string) => stack.formatArn({ service: 'glue', resource });
  return {
    ...stateGrants(context, {
      items: [
        'dynamodb:GetItem',
        'dynamodb:Query',
        'dynamodb:UpdateItem',
        'dynamodb:DeleteItem',
        'dynamodb:ConditionCheckItem',
      ],
      runs: writeObjects,
      segments: ['s3:GetObject', 's3:DeleteObject'],
      list: listUploads,
    }),
    ...(destination && {
      WriteDestination: {
        actions: writeObjects,
        ...objects(context, below(destination, flow.flowName)),
      },
      ListDestination: { ...list(context, destination), actions: listUploads },
    }),
    ...(errors && {
      WriteErrors: {
        actions: writeObjects,
        ...objects(context, below(errors, flow.flowName)),
      },
    }),
    ...(errors &&
      errors.bucket !== destination?.bucket && {
        ListErrorBucket: { ...list(context, errors), actions: listUploads },
      }),
    // With a key of its own, the flow names that for every object; else the buckets' defaults are used.
    ...(flow.kmsArn === undefined &&
      targets.length > 0 && {
        UseKeysOfTargets: bucketKeys(context, ['kms:Decrypt', 'kms:GenerateDataKey'], targets),
      }),
    ...(catalog && {
      Catalog: {
        actions: [
          'glue:GetDatabase',
          'glue:GetTable',
          'glue:CreateTable',
          'glue:UpdateTable',
          'glue:DeleteTable',
          'glue:GetPartitions',
          'glue:BatchCreatePartition',
          'glue:UpdatePartition',
          'glue:BatchUpdatePartition',
          'glue:BatchDeletePartition',
        ],
        resources: [
          glue('catalog'),
          glue(`database/${catalog.databaseName}`),
          // Glue stores names in lower case.
          glue(`table/${catalog.databaseName}/${catalog.tablePrefix.toLowerCase()}_appflow_*`),
        ],
        wildcards: 'Tables are named after schema versions and runs',
      },
    }),
    SignCertificates: { actions: ['kms:Sign'], resources: [signingKeyArn] },
    SeeExecutions: {
      actions: ['states:DescribeExecution'],
      resources: executionArns(stack, flow.flowName),
      wildcards: 'The runs of this flow',
    },
    EmitEvents: emitEvents(context),
  };
}

function emitEvents({ stack, eventSource }: GrantContext): Grant {
  return {
    actions: ['events:PutEvents'],
    resources: [stack.formatArn({ service: 'events', resource: 'event-bus', resourceName: 'default' })],
    conditions: { StringEquals: { 'events:source': eventSource } },
  };
}

/** What the state machine itself needs: its functions, and to run itself as the children of a Distributed Map. */
export function stateMachineGrants(context: GrantContext, functionArns: readonly string[]): Grants {
  const { stack, flow, platformKeyArn } = context;
  return {
    InvokeSteps: { actions: ['lambda:InvokeFunction'], resources: functionArns },
    ReadSplits: {
      actions: ['s3:GetObject'],
      resources: [objectArn(stack, stateFolder(context, 'runs'), '/*/split-list-*.json')],
      wildcards: 'The list of splits of whichever run it is',
    },
    DecryptSplits: {
      actions: ['kms:Decrypt'],
      resources: [platformKeyArn],
      conditions: { StringEquals: { 'kms:ViaService': `s3.${stack.region}.amazonaws.com` } },
    },
    StartChildren: { actions: ['states:StartExecution'], resources: [stateMachineArn(stack, flow.flowName)] },
    FollowChildren: {
      actions: ['states:DescribeExecution', 'states:StopExecution'],
      resources: executionArns(stack, flow.flowName),
      wildcards: 'The runs of this flow',
    },
  };
}

export function stateMachineArn(stack: Stack, flowName: string): string {
  return stack.formatArn({
    service: 'states',
    resource: `stateMachine:${flowResourceName(flowName)}`,
  });
}

/** All executions of the flow's state machine, and the children of its Map. */
function executionArns(stack: Stack, flowName: string): string[] {
  return ['', '/*'].map((children) =>
    stack.formatArn({ service: 'states', resource: `execution:${flowResourceName(flowName)}${children}:*` }),
  );
}

/** The definition, the flow's items, its runs and their segments, and the keys of all of it. */
function stateGrants(
  context: GrantContext,
  may: {
    items: string[];
    runs: string[];
    segments: string[];
    list: string[];
    /** Default: none. */
    connections?: readonly string[];
  },
): Grants {
  const { stack, flow, platformKeyArn, definitionArn } = context;
  const [runs, segments] = [stateFolder(context, 'runs'), stateFolder(context, 'segments')];
  return {
    ReadDefinition: { actions: ['s3:GetObject'], resources: [definitionArn] },
    KeepState: {
      actions: may.items,
      resources: [stack.formatArn({ service: 'dynamodb', resource: 'table', resourceName: stateTableName })],
      conditions: {
        'ForAllValues:StringLike': {
          'dynamodb:LeadingKeys': [
            `FLOW#${flow.flowName}`,
            'RUN#*',
            ...(may.connections ?? []).map((name) => `CONNECTION#${name}`),
          ],
        },
      },
    },
    KeepRuns: {
      actions: may.runs,
      resources: [objectArn(stack, runs, '/*')],
      wildcards: 'The papers of the runs of this flow',
    },
    KeepSegments: {
      actions: may.segments,
      resources: [objectArn(stack, segments, '/*')],
      wildcards: 'The segments of the runs of this flow',
    },
    ListState: { ...list(context, runs, segments), actions: may.list },
    UsePlatformKey: {
      actions: [
        'kms:Decrypt',
        'kms:Encrypt',
        'kms:GenerateDataKey',
        'kms:ReEncryptFrom',
        'kms:ReEncryptTo',
        'kms:DescribeKey',
      ],
      resources: [platformKeyArn],
    },
    ...(flow.kmsArn !== undefined && {
      UseFlowKey: { actions: ['kms:Decrypt', 'kms:GenerateDataKey'], resources: [flow.kmsArn] },
    }),
  };
}

function stateFolder({ stack, flow }: GrantContext, kind: 'runs' | 'segments'): Folder {
  return { bucket: stateBucketName(stack.account, stack.region), prefix: `${kind}/${flow.flowName}` };
}

function secrets(
  { stack }: GrantContext,
  connectorProfileNames: readonly string[],
  actions: string[],
  nameOf = secretName,
): Grant {
  return {
    actions,
    // Secrets Manager adds a dash and six characters to the name.
    resources: connectorProfileNames.map((name) =>
      stack.formatArn({ service: 'secretsmanager', resource: `secret:${nameOf(name)}-??????` }),
    ),
  };
}

function sourceFolder(flow: FlowDefinition): Folder | undefined {
  return flow.sourceFlowConfig.connectorType === 'S3' ? folderOf(sourceProperties(flow)) : undefined;
}

function destinationFolder(flow: FlowDefinition): Folder | undefined {
  return flow.destinationFlowConfigList[0]?.connectorType === 'S3'
    ? folderOf(destinationProperties(flow))
    : undefined;
}

function errorFolder(flow: FlowDefinition): Folder | undefined {
  const { bucketName, bucketPrefix } = errorHandlingOf(flow) ?? {};
  return bucketName === undefined ? undefined : folderOf({ bucketName, bucketPrefix });
}

function folderOf({ bucketName, bucketPrefix }: Readonly<Record<string, unknown>>): Folder {
  const prefix = String(bucketPrefix ?? '')
    .split('/')
    .filter(Boolean)
    .join('/')
    // Keys may hold what policies take for wildcards and variables.
    .replace(/[*?$]/g, '${$&}');
  return { bucket: String(bucketName), prefix };
}

function below({ bucket, prefix }: Folder, name: string): Folder {
  return { bucket, prefix: prefix === '' ? name : `${prefix}/${name}` };
}

function objects({ stack }: GrantContext, folder: Folder): Pick<Grant, 'resources' | 'wildcards'> {
  const resources = [objectArn(stack, folder, folder.prefix === '' ? '*' : '/*')];
  return { resources, wildcards: 'The objects of the folder that the flow names, whatever their keys' };
}

/** The prefix of a source may also name a single object. */
function sourceObjects(context: GrantContext, folder: Folder): Pick<Grant, 'resources' | 'wildcards'> {
  const below = objects(context, folder);
  if (folder.prefix === '') return below;
  return { ...below, resources: [objectArn(context.stack, folder, ''), ...below.resources] };
}

function objectArn(stack: Stack, { bucket, prefix }: Folder, rest: string): string {
  return `arn:${stack.partition}:s3:::${bucket}/${prefix}${rest}`;
}

/**
 * To list folders of a bucket. Also without a prefix: S3 tells whoever may list that a key (HeadObject) or a bucket
 * (HeadBucket) is missing, and gives everyone else the 403 of a forbidden one; those calls have no prefix to compare.
 */
function list({ stack }: GrantContext, ...folders: readonly [Folder, ...Folder[]]): Grant {
  const prefixes = folders.flatMap(({ prefix }) => (prefix === '' ? ['*'] : [prefix, `${prefix}/*`]));
  return {
    actions: ['s3:ListBucket'],
    resources: [`arn:${stack.partition}:s3:::${folders[0].bucket}`],
    conditions: { StringLikeIfExists: { 's3:prefix': ['', ...prefixes] } },
  };
}

/** Buckets may encrypt by default with any key of the account; S3 says in the encryption context what the key is for. */
function bucketKeys({ stack }: GrantContext, actions: string[], folders: readonly Folder[]): Grant {
  const buckets = [...new Set(folders.map(({ bucket }) => `arn:${stack.partition}:s3:::${bucket}`))];
  return {
    actions,
    resources: [stack.formatArn({ service: 'kms', resource: 'key', resourceName: '*' })],
    wildcards: 'Buckets name their default key themselves; the conditions allow it for their objects alone',
    conditions: {
      StringEquals: { 'kms:ViaService': `s3.${stack.region}.amazonaws.com` },
      StringLike: { 'kms:EncryptionContext:aws:s3:arn': buckets.flatMap((arn) => [arn, `${arn}/*`]) },
    },
  };
}
