import { describe, expect, test } from 'vitest';
import type { DestinationRequest, WriteResult } from '../../../core/destination.ts';
import { TributaryError } from '../../../core/errors.ts';
import { customDestination } from '../../../engine/custom-connector/destination.ts';
import type { ProtocolMessage } from '../../../engine/custom-connector/host.ts';
import { registrationOf, scriptedHost } from '../../support/scripted-connector.ts';
import { testHttp, testSourcePorts } from '../../support/source-ports.ts';

const ok = { isSuccess: true, errorDetails: null };
const failed = (errorCode: string | undefined, errorMessage = 'no') => ({
  isSuccess: false,
  errorDetails: errorCode === undefined ? null : { errorCode, errorMessage },
});
const result = (recordId: unknown, errorMessage: string | null = null) => ({
  isSuccess: errorMessage === null,
  recordId,
  errorMessage,
});

const writable = (isCreatable: boolean, supportedWriteOperations?: string[]) => ({
  isCreatable,
  isUpdatable: true,
  isUpsertable: true,
  ...(supportedWriteOperations && { supportedWriteOperations }),
});
const definition = {
  entity: { entityIdentifier: 'contact', isWritable: true },
  fields: [
    {
      fieldName: 'id',
      dataType: 'Long',
      isPrimaryKey: true,
      writeProperties: writable(false, ['UPDATE', 'UPSERT', 'DELETE']),
    },
    { fieldName: 'email', dataType: 'String', writeProperties: writable(true) },
    { fieldName: 'note', dataType: 'String' },
    {
      fieldName: 'created',
      dataType: 'DateTime',
      writeProperties: { isCreatable: false, isUpdatable: false, isUpsertable: false },
    },
  ],
};

const request: DestinationRequest = {
  flowName: 'contacts',
  connector: 'AcmeCRM',
  connectorProfileName: 'crm',
  apiVersion: 'v1.0',
  properties: { entityName: 'contact' },
  settings: { instanceUrl: 'https://crm.example.org' },
  entityName: 'contact',
  operation: 'UPSERT',
  idFieldNames: ['id'],
  failOnFirstError: false,
};
const ports = () => testSourcePorts({ http: testHttp(() => ({})), credentials: { apiKey: 'key-of-acme' } });

async function write(
  records: readonly object[],
  answer: (request: ProtocolMessage, index: number) => unknown,
  members: Partial<DestinationRequest> = {},
) {
  const host = scriptedHost(answer);
  const destination = customDestination(registrationOf(), host);
  const session = await destination.open(
    { ...request, ...members },
    { entityDefinition: definition },
    ports(),
  );
  const results = session.write(records as readonly Record<string, unknown>[]);
  return { host, results };
}
const people = (count: number) => Array.from({ length: count }, (_, index) => ({ id: index + 1 }));
const sizes = (requests: readonly ProtocolMessage[]) =>
  requests.map(({ records }) => (records as readonly string[]).length);
const written: WriteResult = { kind: 'written' };

test('a batch is of as many records as the registration says', async () => {
  const sizeOf = async (members: object): Promise<number> => {
    const host = scriptedHost(() => ({ ...ok, entityDefinition: definition }));
    const destination = customDestination(registrationOf({}, members), host);
    return (await destination.describe(request, ports())).batchSize;
  };
  expect([await sizeOf({}), await sizeOf({ batchSize: 50 })]).toEqual([500, 50]);
  expect(() => registrationOf({}, { batchSize: 0 })).toThrow('batchSize');
});

test('describe tells what each operation takes, and what it may find records by', async () => {
  const host = scriptedHost(() => ({ ...ok, entityDefinition: definition }));
  const described = await customDestination(registrationOf(), host).describe(request, ports());
  expect(described.operations).toEqual(['INSERT', 'UPDATE', 'UPSERT', 'DELETE']);
  expect(described.fields.map(({ name, operations, identifies }) => [name, operations, identifies])).toEqual([
    ['id', ['UPDATE', 'UPSERT', 'DELETE'], ['UPDATE', 'UPSERT', 'DELETE']],
    ['email', ['INSERT', 'UPDATE', 'UPSERT'], []],
    ['note', ['INSERT', 'UPDATE', 'UPSERT'], []],
    ['created', [], []],
  ]);
  expect(described.kept).toEqual({ entityDefinition: definition });
});

test('an entity that is not writable has no operations; a connector only those that it names', async () => {
  const entity = { ...definition.entity, isWritable: false };
  const host = scriptedHost(() => ({ ...ok, entityDefinition: { ...definition, entity } }));
  expect((await customDestination(registrationOf(), host).describe(request, ports())).operations).toEqual([]);
  const other = scriptedHost(() => ({ ...ok, entityDefinition: definition }));
  const registration = registrationOf({ supportedWriteOperations: ['INSERT'] });
  expect((await customDestination(registration, other).describe(request, ports())).operations).toEqual([
    'INSERT',
  ]);
});

test('records go as JSON texts, exact and whole', async () => {
  const { host, results } = await write(
    [{ id: 9007199254740993n, email: 'a"b', note: new Uint8Array([1, 2]), created: null }],
    () => ({ ...ok, writeRecordResults: [result('9007199254740993')] }),
  );
  expect(await results).toEqual([written]);
  const [{ connectorContext, ...sent } = { connectorContext: {} }] = host.requests;
  expect(sent).toEqual({
    type: 'WriteDataRequest',
    entityIdentifier: 'contact',
    operation: 'UPSERT',
    idFieldNames: ['id'],
    records: ['{"id":9007199254740993,"email":"a\\"b","note":"AQI=","created":null}'],
    allOrNone: false,
  });
  expect(connectorContext).toMatchObject({ apiVersion: 'v1.0', entityDefinition: definition });
});

describe('results', () => {
  test('are those of the records by id, whatever their order', async () => {
    const { results } = await write(people(3), () => ({
      ...failed('PartialWriteFailure'),
      writeRecordResults: [result('3'), result(1, 'email invalid for key-of-acme'), result('2')],
    }));
    expect(await results).toEqual([{ kind: 'refused', message: 'email invalid for ***' }, written, written]);
  });

  test('are by place where ids are others than ours', async () => {
    const { results } = await write(
      people(2),
      () => ({ ...failed('PartialWriteFailure'), writeRecordResults: [result('x7'), result(null, 'full')] }),
      { operation: 'INSERT', idFieldNames: [] },
    );
    expect(await results).toEqual([written, { kind: 'refused', message: 'full' }]);
  });

  test('of the failures alone leave the others written', async () => {
    const { results } = await write(people(3), () => ({
      ...failed('PartialWriteFailure'),
      writeRecordResults: [result('2', 'locked')],
    }));
    expect(await results).toEqual([written, { kind: 'refused', message: 'locked' }, written]);
  });

  test('of the failures alone, of records that are written all or not at all, leave none written', async () => {
    const { results } = await write(
      people(3),
      () => ({ ...failed('PartialWriteFailure'), writeRecordResults: [result('2', 'locked')] }),
      { failOnFirstError: true },
    );
    const others = {
      kind: 'refused',
      message: 'not written, as another record of the same request was refused',
    };
    expect(await results).toEqual([others, { kind: 'refused', message: 'locked' }, others]);
  });

  test('that do not say which records they are of are no answer', async () => {
    const { results } = await write(people(3), () => ({ ...ok, writeRecordResults: [result('x')] }));
    await expect(results).rejects.toMatchObject({ code: 'ConnectorProtocol' });
  });

  test('may be missing: all were written, or none', async () => {
    expect(await (await write(people(2), () => ({ ...ok, writeRecordResults: null }))).results).toEqual([
      written,
      written,
    ]);
    const { results } = await write(people(2), () => failed(undefined));
    expect(await results).toEqual(
      [1, 2].map(() => ({ kind: 'refused', message: 'the connector does not say why' })),
    );
  });
});

describe('a batch', () => {
  test('above 6 MB is several requests; a record above it is refused alone', async () => {
    const text = (megabytes: number) => 'x'.repeat(megabytes * 1024 * 1024);
    const records = [
      { id: 1, note: text(3) },
      { id: 2, note: text(7) },
      { id: 3, note: text(2) },
      { id: 4, note: text(2) },
    ];
    const { host, results } = await write(records, () => ok);
    expect(await results).toEqual([
      written,
      { kind: 'refused', code: 'TooLarge', message: expect.stringContaining('more than a function takes') },
      written,
      written,
    ]);
    expect(sizes(host.requests)).toEqual([1, 2]);
    for (const sent of host.requests)
      expect(Buffer.byteLength(JSON.stringify(sent))).toBeLessThan(6 * 1024 * 1024);
  });

  test('that is refused as a whole is halved down to the record that is at fault', async () => {
    const { host, results } = await write(people(8), ({ records }) =>
      (records as string[]).includes('{"id":6}') ? failed('InvalidArgument', 'bad record') : ok,
    );
    expect(await results).toEqual(
      people(8).map(({ id }) =>
        id === 6 ? { kind: 'refused', code: 'InvalidArgument', message: 'bad record' } : written,
      ),
    );
    expect(sizes(host.requests)).toEqual([8, 4, 4, 2, 1, 1, 2]);
  });

  test('of a flow that ends with the first refusal is asked for as one, and not halved', async () => {
    const { host, results } = await write(people(2), () => failed('InvalidArgument', 'bad record'), {
      failOnFirstError: true,
    });
    expect((await results).map(({ kind }) => kind)).toEqual(['refused', 'refused']);
    expect(host.requests.map(({ allOrNone }) => allOrNone)).toEqual([true]);
  });

  const lateAboveTwo = ({ records }: ProtocolMessage) =>
    (records as string[]).length > 2 ? new TributaryError('RequestTimeout', 'late') : ok;

  test('that takes too long is tried by halves', async () => {
    const { host, results } = await write(people(4), lateAboveTwo);
    expect(await results).toEqual([written, written, written, written]);
    expect(sizes(host.requests)).toEqual([4, 2, 2]);
  });

  test('of inserts that takes too long is not sent again here', async () => {
    const { host, results } = await write(people(4), lateAboveTwo, { operation: 'INSERT', idFieldNames: [] });
    await expect(results).rejects.toMatchObject({ code: 'RequestTimeout' });
    expect(sizes(host.requests)).toEqual([4]);
  });

  test('of which one half is refused ends there in a flow that ends with the first refusal', async () => {
    const { host, results } = await write(
      people(4),
      (sent) =>
        (sent.records as string[]).length > 2 ? lateAboveTwo(sent) : failed('PartialWriteFailure', 'locked'),
      { failOnFirstError: true },
    );
    expect((await results).map(({ kind }) => kind)).toEqual(['refused', 'refused', 'refused', 'refused']);
    expect(sizes(host.requests)).toEqual([4, 2]);
  });

  test.each(['RateLimitExceeded', 'ServerError'])(
    '%s is none either where some results come along',
    async (code) => {
      const { results } = await write(people(2), () => ({
        ...failed(code, 'no'),
        writeRecordResults: [result('2', 'not reached')],
      }));
      await expect(results).rejects.toMatchObject({ code });
    },
  );

  test.each(['RateLimitExceeded', 'ServerError', 'AccessDenied', 'ResourceNotFoundError'])(
    '%s is no judgement on records',
    async (code) => {
      const { results } = await write(people(2), () => failed(code, 'no'));
      await expect(results).rejects.toMatchObject({ code });
    },
  );
});
