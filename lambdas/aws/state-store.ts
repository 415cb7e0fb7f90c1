import {
  type AttributeValue,
  ConditionalCheckFailedException,
  DeleteItemCommand,
  type DynamoDBClient,
  GetItemCommand,
  QueryCommand,
  TransactGetItemsCommand,
  TransactionCanceledException,
  TransactWriteItemsCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { TributaryError } from '../../core/errors.ts';
import type { StateItem, StateKey, StateStore, StateWrite } from '../../core/ports.ts';
import { awsCall, awsError } from './errors.ts';

/**
 * One DynamoDB table with the keys `pk` and `sk` (strings); an item's content is JSON text in `data`, so that what is
 * read is what was written, and `revision` is a number that every write raises. `expiresAt` is the table's TTL attribute.
 */
export function dynamoStateStore(client: DynamoDBClient, table: string): StateStore {
  return {
    async get<T extends object>(pk: string, sk: string) {
      const { Item } = await awsCall('dynamodb:GetItem', `${table} ${pk} ${sk}`, () =>
        client.send(new GetItemCommand({ TableName: table, Key: keyOf(pk, sk), ConsistentRead: true })),
      );
      return Item && stateItem<T>(Item);
    },

    async getAll<T extends readonly object[]>(keys: { readonly [K in keyof T]: StateKey }) {
      const at = `${table} ${keys.map(({ pk, sk }) => `${pk} ${sk}`).join(', ')}`;
      const gets = keys.map(({ pk, sk }) => ({ Get: { TableName: table, Key: keyOf(pk, sk) } }));
      try {
        const { Responses } = await client.send(new TransactGetItemsCommand({ TransactItems: gets }));
        return (Responses ?? []).map(({ Item }) => Item && stateItem(Item)) as {
          [K in keyof T]: StateItem<T[K]> | undefined;
        };
      } catch (error) {
        throw error instanceof TransactionCanceledException
          ? cancelled(error, keys.map(nameIn(table)))
          : awsError(error, 'dynamodb:TransactGetItems', at);
      }
    },

    async write(writes) {
      const [only] = writes;
      if (!only) return;
      try {
        if (writes.length > 1 || only.set === 'check')
          await client.send(
            new TransactWriteItemsCommand({
              TransactItems: writes.map((write) => transactItem(table, write)),
            }),
          );
        else if (only.set === 'delete') await client.send(new DeleteItemCommand(condition(table, only)));
        else await client.send(new UpdateItemCommand(update(table, only, only.set)));
      } catch (error) {
        throw writeError(error, table, writes);
      }
    },

    async *list<T extends object>(
      pk: string,
      prefix: string,
      { descending = false, limit = Number.POSITIVE_INFINITY, after }: Parameters<StateStore['list']>[2] = {},
    ) {
      let start: Record<string, AttributeValue> | undefined =
        after === undefined ? undefined : keyOf(pk, after);
      let left = limit;
      while (left > 0) {
        const page = await awsCall('dynamodb:Query', `${table} ${pk}`, () =>
          client.send(
            new QueryCommand({
              TableName: table,
              ConsistentRead: true,
              // An empty string is no valid operand of a key condition.
              KeyConditionExpression: prefix === '' ? 'pk = :pk' : 'pk = :pk AND begins_with(sk, :prefix)',
              ExpressionAttributeValues: {
                ':pk': { S: pk },
                ...(prefix !== '' && { ':prefix': { S: prefix } }),
              },
              ScanIndexForward: !descending,
              ExclusiveStartKey: start,
              ...(Number.isFinite(left) && { Limit: left }),
            }),
          ),
        );
        for (const item of page.Items ?? []) yield stateItem<T>(item);
        left -= page.Items?.length ?? 0;
        start = page.LastEvaluatedKey;
        if (!start) return;
      }
    },
  };
}

function keyOf(pk: string, sk: string): Record<string, AttributeValue> {
  return { pk: { S: pk }, sk: { S: sk } };
}

function stateItem<T extends object>(item: Record<string, AttributeValue>): StateItem<T> {
  const { pk, sk, revision, data } = item;
  if (pk?.S === undefined || sk?.S === undefined || revision?.N === undefined || data?.S === undefined)
    throw new TributaryError('ClientError', 'an item of the state table is not one of ours', {
      at: `${pk?.S} ${sk?.S}`,
      fix: 'remove it, or restore the table to a point in time before it was changed',
    });
  return { pk: pk.S, sk: sk.S, revision: Number(revision.N), data: JSON.parse(data.S) as T };
}

function transactItem(table: string, write: StateWrite) {
  if (write.set === 'check')
    return { ConditionCheck: { ConditionExpression: 'attribute_exists(pk)', ...condition(table, write) } };
  if (write.set === 'delete') return { Delete: condition(table, write) };
  return { Update: update(table, write, write.set) };
}

function condition(table: string, { pk, sk, expect }: StateWrite) {
  const target = { TableName: table, Key: keyOf(pk, sk) };
  if (expect === undefined) return target;
  if (expect === 'absent') return { ...target, ConditionExpression: 'attribute_not_exists(pk)' };
  return {
    ...target,
    ConditionExpression: 'revision = :expected',
    ExpressionAttributeValues: { ':expected': { N: String(expect) } },
  };
}

function update(table: string, write: StateWrite, data: object) {
  const checked = condition(table, write);
  const expires = write.expiresAt !== undefined;
  return {
    ...checked,
    // `data` is a reserved word of DynamoDB's expressions.
    ExpressionAttributeNames: { '#data': 'data' },
    UpdateExpression: `SET #data = :data, revision = if_not_exists(revision, :zero) + :one${expires ? ', expiresAt = :expiresAt' : ' REMOVE expiresAt'}`,
    ExpressionAttributeValues: {
      ...('ExpressionAttributeValues' in checked && checked.ExpressionAttributeValues),
      ':data': { S: JSON.stringify(data) },
      ':zero': { N: '0' },
      ':one': { N: '1' },
      ...(expires && { ':expiresAt': { N: String(write.expiresAt) } }),
    },
  };
}

const nameIn =
  (table: string) =>
  ({ pk, sk }: StateKey): string =>
    `${table} ${pk} ${sk}`;

function writeError(error: unknown, table: string, writes: readonly StateWrite[]): unknown {
  const names = writes.map(nameIn(table));
  if (error instanceof ConditionalCheckFailedException) return conflict(names[0] ?? table, error);
  if (error instanceof TransactionCanceledException) return cancelled(error, names);
  const action = writes[0]?.set === 'delete' ? 'dynamodb:DeleteItem' : 'dynamodb:UpdateItem';
  return awsError(error, writes.length > 1 ? 'dynamodb:TransactWriteItems' : action, names[0] ?? table);
}

/** @param names of the transaction's items, in their order */
function cancelled(error: TransactionCanceledException, names: readonly string[]): TributaryError {
  const reasons = error.CancellationReasons ?? [];
  const lost = reasons.findIndex(
    ({ Code }) => Code === 'ConditionalCheckFailed' || Code === 'TransactionConflict',
  );
  if (lost >= 0) return conflict(names[lost] ?? '', error);
  const failed = reasons.findIndex(({ Code }) => Code !== undefined && Code !== 'None');
  const { Code, Message } = reasons[failed] ?? {};
  const passing = /Throttling|ProvisionedThroughputExceeded/.test(Code ?? '');
  return new TributaryError(
    passing ? 'StorageUnavailable' : 'ClientError',
    `the transaction was cancelled: ${Message ?? error.message}`,
    { at: names[failed] ?? '', ...(Code !== undefined && { vendorCode: Code }), cause: error },
  );
}

function conflict(at: string, cause: Error): TributaryError {
  return new TributaryError('StateConflict', 'the item was changed by another process', { at, cause });
}
