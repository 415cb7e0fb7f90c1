// The one function of the self-test's machine: what each step of a run does, in a few lines.
import {
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  TransactWriteItemsCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { GetDatabaseCommand, GlueClient } from '@aws-sdk/client-glue';
import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';

interface Input {
  readonly batches?: number;
  readonly splits?: number;
  readonly throttle?: boolean;
  readonly deny?: boolean;
  readonly fail?: number;
  readonly batch?: number;
  readonly plan?: Input;
  readonly split?: { readonly id: number };
  readonly parent?: string;
}

interface Event {
  readonly action: string;
  readonly input?: Input;
  readonly execution?: string;
  readonly name: string;
  readonly status?: string;
}

class RateLimitExceeded extends Error {
  override readonly name = 'RateLimitExceeded';
}

const { BUCKET = '', TABLE = '', SECRET = '', DATABASE = '' } = process.env;
const s3 = new S3Client({});
const dynamodb = new DynamoDBClient({});

const item = (name: string, sk: string) => ({ pk: { S: name }, sk: { S: sk } });
const put = (Key: string, Body: string) => s3.send(new PutObjectCommand({ Bucket: BUCKET, Key, Body }));

/** Counts the calls of a step, so that a test sees how often it ran. */
async function count(name: string, sk: string): Promise<number> {
  const { Attributes } = await dynamodb.send(
    new UpdateItemCommand({
      TableName: TABLE,
      Key: item(name, sk),
      UpdateExpression: 'ADD calls :one',
      ExpressionAttributeValues: { ':one': { N: '1' } },
      ReturnValues: 'ALL_NEW',
    }),
  );
  return Number(Attributes?.calls?.N);
}

async function plan(name: string, input: Input) {
  await new SecretsManagerClient({}).send(new GetSecretValueCommand({ SecretId: SECRET }));
  const Key = `splits/${name}.json`;
  await put(Key, JSON.stringify(Array.from({ length: input.splits ?? 0 }, (_, id) => ({ id }))));
  return { batch: 0, plan: input, splits: Key, fail: input.fail ?? -1, done: false, waitSeconds: 60 };
}

async function batch(name: string, state: Input) {
  const calls = await count(name, `batch#${state.batch}`);
  if (state.plan?.throttle && calls === 1) throw new RateLimitExceeded('slow down');
  if (state.plan?.deny) await new GlueClient({}).send(new GetDatabaseCommand({ Name: DATABASE }));
  const next = (state.batch ?? 0) + 1;
  return { ...state, batch: next, done: next >= (state.plan?.batches ?? 1) };
}

async function split(execution: string, input: Input) {
  if (input.split?.id === input.fail) throw new Error(`split ${input.split?.id} fails`);
  await put(`out/${input.parent}/${input.split?.id}.json`, JSON.stringify({ execution }));
  return {};
}

async function end(name: string, state: Input) {
  const Key = `out/${name}/all.bin`;
  const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket: BUCKET, Key }));
  const part = { Bucket: BUCKET, Key, UploadId, PartNumber: 1 };
  const { ETag } = await s3.send(new UploadPartCommand({ ...part, Body: 'x'.repeat(10) }));
  const parts = { Parts: [{ ETag, PartNumber: 1 }] };
  await s3.send(
    new CompleteMultipartUploadCommand({ Bucket: BUCKET, Key, UploadId, MultipartUpload: parts }),
  );
  await s3.send(new GetObjectCommand({ Bucket: BUCKET, Key }));
  const Put = { TableName: TABLE, Item: { ...item(name, 'run'), status: { S: 'COMMITTED' } } };
  const ConditionCheck = {
    TableName: TABLE,
    Key: item(name, 'batch#0'),
    ConditionExpression: 'attribute_exists(pk)',
  };
  await dynamodb.send(new TransactWriteItemsCommand({ TransactItems: [{ Put }, { ConditionCheck }] }));
  const entry = { Source: 'selftest', DetailType: 'Run Ended', Detail: JSON.stringify({ name }) };
  await new EventBridgeClient({}).send(new PutEventsCommand({ Entries: [entry] }));
  const Metrics = [{ Name: 'Splits', Unit: 'Count' }];
  const _aws = {
    Timestamp: Date.now(),
    CloudWatchMetrics: [{ Namespace: 'Selftest', Dimensions: [['Machine']], Metrics }],
  };
  process.stdout.write(`${JSON.stringify({ _aws, Machine: 'selftest', Splits: state.plan?.splits ?? 0 })}\n`);
  return state;
}

/** Tries what the role may do and what it may not; returns the error's name of each try. */
async function peek() {
  const name = (attempt: Promise<unknown>) =>
    attempt.then(
      () => 'none',
      (error: Error) => error.name,
    );
  const get = (Key: string) => name(s3.send(new GetObjectCommand({ Bucket: BUCKET, Key })));
  const read = (pk: string) =>
    name(dynamodb.send(new GetItemCommand({ TableName: TABLE, Key: item(pk, 'x') })));
  const key = (await dynamodb.config.credentials()).accessKeyId;
  return {
    role: key.startsWith('ASIA'),
    ownItem: await read('own#1'),
    otherItem: await read('other#1'),
    encryptedPut: await name(put('poor/x', 'x')),
    encryptedGet: await get('splits/whole.json'),
    missing: await get('splits/nowhere.json'),
    secret: await name(new SecretsManagerClient({}).send(new GetSecretValueCommand({ SecretId: SECRET }))),
  };
}

export async function handler({ action, input = {}, execution = '', name, status = '' }: Event) {
  console.log(`${action} of ${name}`);
  if (action === 'plan') return plan(name, input);
  if (action === 'batch') return batch(name, input);
  if (action === 'split') return split(execution, input);
  if (action === 'peek') return peek();
  if (action === 'end') return end(name, input);
  await dynamodb.send(
    new PutItemCommand({ TableName: TABLE, Item: { ...item(name, 'settled'), status: { S: status } } }),
  );
  return {};
}
