import {
  ConditionalCheckFailedException,
  type DynamoDBClient,
  TransactionCanceledException,
} from '@aws-sdk/client-dynamodb';
import { describe, expect, it } from 'vitest';
import type { StateItem } from '../../../core/ports.ts';
import { dynamoStateStore } from '../../../lambdas/aws/state-store.ts';
import { fakeClient } from '../../support/fake-client.ts';

function store(answers: Parameters<typeof fakeClient>[0]) {
  const { client, calls } = fakeClient<DynamoDBClient>(answers);
  return { state: dynamoStateStore(client, 'tributary-state'), calls };
}
const key = { pk: { S: 'FLOW#a' }, sk: { S: 'STATE' } };
const item = (sk: string, revision = '1') => ({
  pk: { S: 'FLOW#a' },
  sk: { S: sk },
  revision: { N: revision },
  data: { S: '{"n":9007199254740991,"t":"ü"}' },
});

describe('get', () => {
  it('reads consistently and gives back what was written', async () => {
    const { state, calls } = store({ GetItem: { Item: item('STATE', '7') } });
    expect(await state.get('FLOW#a', 'STATE')).toEqual({
      pk: 'FLOW#a',
      sk: 'STATE',
      revision: 7,
      data: { n: 9007199254740991, t: 'ü' },
    });
    expect(calls[0]?.input).toEqual({ TableName: 'tributary-state', Key: key, ConsistentRead: true });
  });

  it('knows nothing of a missing item', async () => {
    expect(await store({ GetItem: {} }).state.get('FLOW#a', 'STATE')).toBeUndefined();
  });
});

describe('getAll', () => {
  const keys = [
    { pk: 'FLOW#a', sk: 'SLOT' },
    { pk: 'FLOW#a', sk: 'STATE' },
  ] as const;

  it('reads several items in one request, in the order of their keys', async () => {
    const { state, calls } = store({ TransactGetItems: { Responses: [{}, { Item: item('STATE', '7') }] } });
    expect(await state.getAll<[object, object]>(keys)).toEqual([
      undefined,
      { pk: 'FLOW#a', sk: 'STATE', revision: 7, data: { n: 9007199254740991, t: 'ü' } },
    ]);
    expect(calls).toEqual([
      {
        command: 'TransactGetItems',
        input: {
          TransactItems: [
            { Get: { TableName: 'tributary-state', Key: { pk: { S: 'FLOW#a' }, sk: { S: 'SLOT' } } } },
            { Get: { TableName: 'tributary-state', Key: key } },
          ],
        },
      },
    ]);
  });

  it('is to be repeated if one of them is being written', async () => {
    const failure = new TransactionCanceledException({
      message: 'cancelled',
      $metadata: {},
      CancellationReasons: [{ Code: 'None' }, { Code: 'TransactionConflict' }],
    });
    await expect(
      store({ TransactGetItems: failure }).state.getAll<[object, object]>(keys),
    ).rejects.toMatchObject({
      code: 'StateConflict',
      retried: true,
      context: { at: 'tributary-state FLOW#a STATE' },
    });
  });
});

describe('write', () => {
  it('writes one item on the condition of its revision', async () => {
    const { state, calls } = store({ UpdateItem: {} });
    await state.write([{ pk: 'FLOW#a', sk: 'STATE', expect: 3, set: { a: 1 }, expiresAt: 99 }]);
    expect(calls).toEqual([
      {
        command: 'UpdateItem',
        input: {
          TableName: 'tributary-state',
          Key: key,
          ConditionExpression: 'revision = :expected',
          UpdateExpression:
            'SET #data = :data, revision = if_not_exists(revision, :zero) + :one, expiresAt = :expiresAt',
          ExpressionAttributeNames: { '#data': 'data' },
          ExpressionAttributeValues: {
            ':expected': { N: '3' },
            ':data': { S: '{"a":1}' },
            ':zero': { N: '0' },
            ':one': { N: '1' },
            ':expiresAt': { N: '99' },
          },
        },
      },
    ]);
  });

  it('writes several in one transaction, with a check that changes nothing', async () => {
    const { state, calls } = store({ TransactWriteItems: {} });
    await state.write([
      { pk: 'FLOW#a', sk: 'STATE', expect: 'absent', set: {} },
      { pk: 'FLOW#a', sk: 'SLOT', expect: 4, set: 'check' },
      { pk: 'FLOW#a', sk: 'OLD', set: 'delete' },
    ]);
    const items = calls[0]?.input.TransactItems as Record<string, { ConditionExpression?: string }>[];
    expect(
      items.map((each) => Object.entries(each).map(([kind, value]) => [kind, value.ConditionExpression])),
    ).toEqual([
      [['Update', 'attribute_not_exists(pk)']],
      [['ConditionCheck', 'revision = :expected']],
      [['Delete', undefined]],
    ]);
  });

  it('writes nothing when there is nothing to write', async () => {
    const { state, calls } = store({});
    await state.write([]);
    expect(calls).toEqual([]);
  });

  it('takes a lost condition for a conflict', async () => {
    const lost = new ConditionalCheckFailedException({ $metadata: {}, message: 'no' });
    const { state } = store({ UpdateItem: lost });
    await expect(state.write([{ pk: 'FLOW#a', sk: 'STATE', expect: 3, set: {} }])).rejects.toMatchObject({
      code: 'StateConflict',
      context: { at: 'tributary-state FLOW#a STATE' },
    });
  });

  it.each([
    ['ConditionalCheckFailed', 'StateConflict'],
    ['TransactionConflict', 'StateConflict'],
    ['ThrottlingError', 'StorageUnavailable'],
    ['ValidationError', 'ClientError'],
  ])('takes a transaction cancelled by %s for %s and names the item', async (reason, code) => {
    const cancelled = new TransactionCanceledException({
      $metadata: {},
      message: 'cancelled',
      CancellationReasons: [{ Code: 'None' }, { Code: reason, Message: 'why' }],
    });
    const { state } = store({ TransactWriteItems: cancelled });
    const writes = [
      { pk: 'FLOW#a', sk: 'STATE', set: {} },
      { pk: 'FLOW#a', sk: 'SLOT', expect: 1, set: {} },
    ];
    await expect(state.write(writes)).rejects.toMatchObject({
      code,
      context: { at: 'tributary-state FLOW#a SLOT' },
    });
  });
});

describe('list', () => {
  const all = async (items: AsyncIterable<StateItem>) => {
    const found: string[] = [];
    for await (const { sk } of items) found.push(sk);
    return found;
  };

  it('follows the pages up to the limit', async () => {
    const { state, calls } = store({
      Query: [
        { Items: [item('H#1'), item('H#2')], LastEvaluatedKey: { ...key, sk: { S: 'H#2' } } },
        { Items: [item('H#3')], LastEvaluatedKey: { ...key, sk: { S: 'H#3' } } },
      ],
    });
    expect(await all(state.list('FLOW#a', 'H#', { limit: 3, descending: true, after: 'H#0' }))).toEqual([
      'H#1',
      'H#2',
      'H#3',
    ]);
    expect(calls.map(({ input }) => [input.Limit, input.ScanIndexForward, input.ExclusiveStartKey])).toEqual([
      [3, false, { pk: { S: 'FLOW#a' }, sk: { S: 'H#0' } }],
      [1, false, { pk: { S: 'FLOW#a' }, sk: { S: 'H#2' } }],
    ]);
  });

  it('leaves an empty prefix out of the key condition, where DynamoDB refuses it', async () => {
    const { state, calls } = store({ Query: { Items: [] } });
    expect(await all(state.list('FLOW#a', ''))).toEqual([]);
    expect(calls[0]?.input.KeyConditionExpression).toBe('pk = :pk');
    expect(calls[0]?.input.ExpressionAttributeValues).toEqual({ ':pk': { S: 'FLOW#a' } });
  });
});
