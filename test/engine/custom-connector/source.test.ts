import { describe, expect, test } from 'vitest';
import { schemesOf } from '../../../core/custom-connector/authentication.ts';
import { TributaryError } from '../../../core/errors.ts';
import type { SourceRequest, Split } from '../../../core/source.ts';
import { answerTooLarge, type ProtocolMessage } from '../../../engine/custom-connector/host.ts';
import { customSource } from '../../../engine/custom-connector/source.ts';
import {
  oauthConfiguration,
  registrationOf,
  type ScriptedHost,
  scriptedHost,
} from '../../support/scripted-connector.ts';
import { allRows, testHttp, testSourcePorts } from '../../support/source-ports.ts';

const ok = { isSuccess: true, errorDetails: null };
const refused = (errorCode: string, errorMessage = 'no', retryAfterSeconds: number | null = null) => ({
  isSuccess: false,
  errorDetails: { errorCode, errorMessage, retryAfterSeconds },
});

const readable = (timestamp = false) => ({
  isRetrievable: true,
  isNullable: true,
  isQueryable: true,
  isTimestampFieldForIncrementalQueries: timestamp,
});
const definition = {
  entity: {
    entityIdentifier: 'contact',
    hasNestedEntities: false,
    isWritable: true,
    label: 'Contact',
    description: null,
  },
  customProperties: null,
  fields: [
    {
      fieldName: 'id',
      dataType: 'Long',
      isPrimaryKey: true,
      readProperties: readable(),
      constraints: { allowedLengthRange: null, allowedValues: ['a'] },
    },
    {
      fieldName: 'email',
      dataType: 'String',
      label: 'E-mail',
      description: 'Where mail goes',
      readProperties: readable(),
    },
    { fieldName: 'vip', dataType: 'Boolean', readProperties: readable() },
    { fieldName: 'address', dataType: 'Struct', readProperties: readable() },
    { fieldName: 'updatedAt', dataType: 'DateTime', readProperties: readable(true) },
    {
      fieldName: 'searchText',
      dataType: 'String',
      readProperties: { isRetrievable: false, isQueryable: true },
    },
    {
      fieldName: 'password',
      dataType: 'String',
      readProperties: { isRetrievable: false, isQueryable: false },
    },
  ],
};

const request: SourceRequest = {
  flowName: 'contacts',
  connector: 'AcmeCRM',
  connectorProfileName: 'crm',
  apiVersion: 'v1.0',
  properties: { entityName: 'contact' },
  settings: { instanceUrl: 'https://crm.example.org' },
  fields: ['id', 'email', 'vip', 'address.city'],
  filters: [],
  window: { end: Date.UTC(2026, 1, 2) },
};
const split: Split = { entityDefinition: definition };

function ports(credentials: Readonly<Record<string, string>> = { apiKey: 'key-of-acme' }) {
  return testSourcePorts({ http: testHttp(() => ({})), credentials });
}

/** Answers queries alone. */
const querying = (answer: (request: ProtocolMessage, index: number) => unknown): ScriptedHost =>
  scriptedHost(answer);

describe('describe', () => {
  test('tells fields, key, timestamp, and what only filters can name', async () => {
    const host = scriptedHost(() => ({ ...ok, entityDefinition: definition }));
    const filters = [
      { field: 'searchText', operator: 'EQUAL_TO', type: 'String', values: ['x'] },
      { field: 'email', operator: 'EQUAL_TO', type: 'String', values: ['a@example.org'] },
    ] as const;
    const source = customSource(registrationOf(), host);
    const described = await source.describe({ ...request, filters }, ports());
    expect(described.fields.map(({ name, type }) => `${name} ${type}`)).toEqual([
      'id Long',
      'email String',
      'vip Boolean',
      'address Struct',
      'updatedAt DateTime',
    ]);
    expect(described.fields[1]).toEqual({
      name: 'email',
      type: 'String',
      label: 'E-mail',
      description: 'Where mail goes',
    });
    expect(described.parameters?.map(({ name }) => name)).toEqual(['searchText']);
    // The engine compares e-mails again, whatever the connector does with them.
    expect(described.appliedFilters).toEqual([0]);
    expect(described).toMatchObject({
      primaryKey: ['id'],
      mayRepeat: true,
      incrementalField: 'updatedAt',
      appliesWindow: false,
    });
    expect(host.requests).toEqual([
      {
        type: 'DescribeEntityRequest',
        entityIdentifier: 'contact',
        connectorContext: {
          apiVersion: 'v1.0',
          credentials: {
            secretArn: 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:crm',
            authenticationType: 'ApiKey',
          },
          connectorRuntimeSettings: { instanceUrl: 'https://crm.example.org' },
          flowName: 'contacts',
          connectorProfileLabel: 'crm',
        },
      },
    ]);
    expect(host.secrets.get('crm')).toEqual({ apiKey: 'key-of-acme' });
  });

  test('settings of the flow are checked by the connector first, and its objections are told', async () => {
    const host = scriptedHost(({ type }) =>
      type === 'ValidateConnectorRuntimeSettingsRequest'
        ? { ...refused('InvalidArgument'), errorsByInputField: { pageSize: 'at most 500', other: null } }
        : {},
    );
    const setting = { key: 'pageSize', dataType: 'Integer', scope: 'SOURCE' };
    const source = customSource(registrationOf({ connectorRuntimeSetting: [setting] }), host);
    const properties = { entityName: 'contact', customProperties: { pageSize: '900' } };
    await expect(source.describe({ ...request, settings: {}, properties }, ports())).rejects.toThrow(
      'the connector does not take the settings: pageSize: at most 500',
    );
    expect(host.requests).toEqual([
      {
        type: 'ValidateConnectorRuntimeSettingsRequest',
        scope: 'SOURCE',
        connectorRuntimeSettings: { pageSize: '900' },
      },
    ]);
  });

  test.each([
    [{ settings: {} }, 'connectorProfileProperties.instanceUrl: missing'],
    [{ apiVersion: 'v9' }, 'the connector has no such version'],
    [
      { filters: [{ field: 'searchText', operator: 'CONTAINS', type: 'String', values: ['%'] }] as const },
      'the connector cannot compare like this',
    ],
  ])('%j is refused', async (members, message) => {
    const host = scriptedHost(() => ({ ...ok, entityDefinition: definition }));
    const source = customSource(registrationOf(), host);
    await expect(source.describe({ ...request, ...members }, ports())).rejects.toThrow(message);
  });

  test('an answer that is none of the protocol is named by its place', async () => {
    const wrong = { ...definition, fields: [{ fieldName: 'id', dataType: 'string' }] };
    const source = customSource(
      registrationOf(),
      scriptedHost(() => ({ ...ok, entityDefinition: wrong })),
    );
    await expect(source.describe(request, ports())).rejects.toMatchObject({
      code: 'ConnectorProtocol',
      message: expect.stringContaining('fields[0].dataType'),
    });
  });
});

describe('read', () => {
  const read = async (host: ScriptedHost, members: Partial<SourceRequest> = {}, registered: object = {}) => {
    const source = customSource(registrationOf({}, registered), host);
    return allRows(await source.open({ ...request, ...members }, split, ports()));
  };

  test('pages follow their tokens to the end; records become rows', async () => {
    const pages = [
      {
        ...ok,
        nextToken: 'p2',
        records: ['{"id":9007199254740993,"email":"a@example.org","vip":"true","address":{"city":"Kiel"}}'],
      },
      { ...ok, nextToken: 'p3', records: null },
      { ...ok, nextToken: 'None', records: ['{"id":2,"vip":false,"address":null}'] },
    ];
    const host = querying((_, index) => pages[index]);
    expect(await read(host)).toEqual([
      [9007199254740993n, 'a@example.org', true, 'Kiel'],
      [2, null, false, null],
    ]);
    expect(host.requests.map(({ nextToken }) => nextToken)).toEqual([undefined, 'p2', 'p3']);
    const [{ connectorContext, ...first } = { connectorContext: {} }] = host.requests;
    expect(first).toEqual({
      type: 'QueryDataRequest',
      entityIdentifier: 'contact',
      selectedFieldNames: ['id', 'email', 'vip', 'address'],
      maxResults: 1000,
    });
    // The definition goes back as it came, but for a null on which connectors are known to fail.
    expect((connectorContext as { entityDefinition: typeof definition }).entityDefinition).toEqual({
      ...definition,
      fields: [
        { ...definition.fields[0], constraints: { allowedValues: ['a'] } },
        ...definition.fields.slice(1),
      ],
    });
  });

  test('filters and the window are asked for', async () => {
    const host = querying(() => ({ ...ok, records: [] }));
    await read(host, {
      filters: [{ field: 'email', operator: 'CONTAINS', type: 'String', values: ['@example'] }],
      window: { start: Date.UTC(2026, 1, 1), end: Date.UTC(2026, 1, 2) },
    });
    expect(host.requests[0]?.filterExpression).toBe(
      'email contains "@example" and (updatedAt >= 2026-02-01T00:00:00.000Z and updatedAt < 2026-02-02T00:00:00.000Z)',
    );
  });

  test('records whose ids a filter names are asked for by them, where the connector cannot filter so', async () => {
    const { fields } = definition;
    const [id, ...rest] = fields;
    const key = { ...id, readProperties: { ...readable(), isQueryable: false } };
    const host = querying(({ ids }) => {
      const list = ids as readonly string[];
      if (list.length > 50)
        return new TributaryError('ConnectorProtocol', 'large', { vendorCode: answerTooLarge });
      return { ...ok, records: list.filter((each) => each !== '7').map((each) => `{"id":${each}}`) };
    });
    const wanted = Array.from({ length: 60 }, (_, index) => String(index));
    const filters = [{ field: 'id', operator: 'EQUAL_TO', type: 'Long', values: wanted }] as const;
    const source = customSource(registrationOf(), host);
    const keyed: Split = { entityDefinition: { ...definition, fields: [key, ...rest] } };
    const rows = await allRows(await source.open({ ...request, fields: ['id'], filters }, keyed, ports()));
    expect(rows).toEqual(wanted.filter((each) => each !== '7').map((each) => [Number(each)]));
    expect(host.requests.map(({ ids }) => (ids as readonly string[]).length)).toEqual([60, 50, 10]);
    const [, { connectorContext: _, ids: __, ...sent } = { connectorContext: {}, ids: [] }] = host.requests;
    expect(sent).toEqual({
      type: 'RetrieveDataRequest',
      entityIdentifier: 'contact',
      selectedFieldNames: ['id'],
      idFieldName: 'id',
    });
  });

  test('a connector that gives none by ids is read whole', async () => {
    const host = querying(({ type, nextToken }) => {
      if (type === 'RetrieveDataRequest') return refused('ServerError', 'not implemented');
      return { ...ok, records: ['{"id":1}'], ...(nextToken === undefined && { nextToken: 'p2' }) };
    });
    const filters = [{ field: 'id', operator: 'EQUAL_TO', type: 'String', values: ['1'] }] as const;
    expect(await read(host, { fields: ['id'], filters })).toEqual([[1], [1]]);
    expect(host.requests.map(({ type }) => type)).toEqual([
      'RetrieveDataRequest',
      'QueryDataRequest',
      'QueryDataRequest',
    ]);
  });

  test('a page token that comes again ends the run, not the records', async () => {
    const host = querying(() => ({ ...ok, records: [], nextToken: 'p1' }));
    await expect(read(host)).rejects.toThrow('the connector gave the same page token twice');
  });

  test('the first page is asked for with fewer records while its answer is too large, later ones of that size', async () => {
    const tooLarge = new TributaryError('ConnectorProtocol', 'too large', { vendorCode: answerTooLarge });
    const host = querying(({ maxResults, nextToken }) => {
      if (Number(maxResults) > 300) return tooLarge;
      return { ...ok, records: [], ...(nextToken === undefined && { nextToken: 'p2' }) };
    });
    await read(host);
    expect(host.requests.map(({ maxResults }) => maxResults)).toEqual([1000, 500, 250, 250]);
  });

  test('a later page that is too large says how many records to ask for', async () => {
    const tooLarge = new TributaryError('ConnectorProtocol', 'too large', { vendorCode: answerTooLarge });
    const host = querying((_, index) => (index === 0 ? { ...ok, records: [], nextToken: 'p2' } : tooLarge));
    await expect(read(host, {}, { maxResults: 200 })).rejects.toThrow(
      'a page is larger than the 6 MB of an answer; got 200 records; set maxResults in the registration of AcmeCRM to 100',
    );
  });

  test('a record that is no object is refused without being shown', async () => {
    const host = querying(() => ({ ...ok, records: ['"private"'] }));
    await expect(read(host)).rejects.toMatchObject({
      code: 'SourceDataInvalid',
      message: expect.not.stringContaining('private'),
    });
  });

  test.each([
    ['InvalidArgument', 'InvalidArgument', undefined],
    ['InvalidCredentials', 'InvalidCredentials', undefined],
    ['AccessDenied', 'AccessDenied', undefined],
    ['RequestTimeout', 'RequestTimeout', undefined],
    ['RateLimitExceeded', 'RateLimitExceeded', 10],
    ['ServiceUnavailable', 'ServiceUnavailable', undefined],
    ['ClientError', 'ClientError', undefined],
    ['ServerError', 'ServerError', undefined],
    ['UnknownError', 'ServerError', undefined],
    ['ResourceNotFoundError', 'ResourceNotFoundError', undefined],
    ['SomethingElse', 'ServerError', undefined],
  ])('%s is %s', async (errorCode, code, retryAfterSeconds) => {
    const host = querying(() => refused(errorCode, 'the key key-of-acme is bad'));
    const failure = await read(host).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code, context: expect.objectContaining({ at: 'AcmeCRM, QueryData' }) });
    const { context, message } = failure as TributaryError;
    expect(context.retryAfterSeconds).toBe(retryAfterSeconds);
    expect(message).toContain('the connector says "the key *** is bad"');
  });

  test('how long to wait is as the connector says', async () => {
    const host = querying(() => refused('RateLimitExceeded', 'slow down', 90));
    await expect(read(host)).rejects.toMatchObject({ context: { retryAfterSeconds: 90 } });
  });
});

describe('OAuth 2', () => {
  const registration = registrationOf(oauthConfiguration);
  const held = { clientId: 'app', clientSecret: 'client-secret', refreshToken: 'refresh-token' };
  const settings = { Tenant: 'nordwind' };

  function tokenPorts() {
    const asked: { url: string; rejected: string | undefined }[] = [];
    const around = testSourcePorts({
      http: testHttp(() => ({})),
      credentials: held,
      accessToken: async ({ tokenUrl }, rejected) => {
        asked.push({ url: tokenUrl, rejected });
        const isNew = asked.some((one) => one.rejected !== undefined);
        return { token: isNew ? 'token-2' : 'token-1', isNew };
      },
    });
    return { around, asked };
  }

  test('the connector gets the access token alone', async () => {
    const { around, asked } = tokenPorts();
    const host = querying(() => ({ ...ok, records: [] }));
    const session = await customSource(registration, host).open({ ...request, settings }, split, around);
    await session.read(undefined);
    expect(asked).toEqual([{ url: 'https://nordwind.crm.example.org/oauth/token', rejected: undefined }]);
    expect([...host.secrets]).toEqual([['crm/token', { accessToken: 'token-1' }]]);
    expect(host.requests[0]?.connectorContext).toMatchObject({
      credentials: {
        secretArn: 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:crm/token',
        authenticationType: 'OAuth2',
      },
    });
    expect(JSON.stringify(host.requests)).not.toMatch(/client-secret|refresh-token|token-1/);
  });

  test('a refused token is replaced; a function that still holds the old one is given time', async () => {
    const { around, asked } = tokenPorts();
    const host = querying((_, index) => (index < 3 ? refused('InvalidCredentials') : { ...ok, records: [] }));
    const session = await customSource(registration, host).open({ ...request, settings }, split, around);
    await session.read(undefined);
    expect(asked.filter(({ rejected }) => rejected !== undefined)).toEqual([
      { url: 'https://nordwind.crm.example.org/oauth/token', rejected: 'token-1' },
    ]);
    expect(host.secrets.get('crm/token')).toEqual({ accessToken: 'token-2' });
    expect(around.clock.slept).toEqual([2_000, 5_000]);
  });

  test('a setting cannot lead the credentials to another host, and a flow cannot set it', async () => {
    const { around, asked } = tokenPorts();
    const host = querying(() => ({ ...ok, records: [] }));
    const source = customSource(registration, host);
    const open = async (members: Partial<SourceRequest>) =>
      (await source.open({ ...request, ...members }, split, around)).read(undefined);
    await expect(open({ settings: { Tenant: 'evil.example.com/' } })).rejects.toThrow(
      "the settings lead to a host that is not the vendor's",
    );
    const properties = { entityName: 'contact', customProperties: { Tenant: 'other' } };
    await expect(open({ settings, properties })).rejects.toThrow('customProperties.Tenant');
    expect(asked).toEqual([]);
  });
});

describe('connections and entities', () => {
  test('a test validates settings, then credentials', async () => {
    const host = scriptedHost(() => ok);
    await customSource(registrationOf(), host).testConnection({ ...request, properties: {} }, ports());
    expect(host.requests).toEqual([
      {
        type: 'ValidateConnectorRuntimeSettingsRequest',
        scope: 'CONNECTOR_PROFILE',
        connectorRuntimeSettings: { instanceUrl: 'https://crm.example.org' },
      },
      {
        type: 'ValidateCredentialsRequest',
        credentials: {
          secretArn: 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:crm',
          authenticationType: 'ApiKey',
        },
        connectorRuntimeSettings: { instanceUrl: 'https://crm.example.org' },
      },
    ]);
  });

  test('entities are listed page by page, and below one that has some', async () => {
    const host = scriptedHost(({ type, entitiesPath, entityIdentifier, nextToken }) => {
      if (type === 'DescribeEntityRequest') {
        const entity = { ...definition.entity, hasNestedEntities: entityIdentifier === 'sales' };
        return { ...ok, entityDefinition: { ...definition, entity } };
      }
      if (entitiesPath === 'sales') return { ...ok, entities: [{ entityIdentifier: 'sales/orders' }] };
      return nextToken === undefined
        ? {
            ...ok,
            entities: [{ entityIdentifier: 'sales', hasNestedEntities: true, label: 'Sales' }],
            nextToken: 'e2',
          }
        : { ...ok, entities: [{ entityIdentifier: 'contact' }] };
    });
    const source = customSource(registrationOf(), host);
    expect(await source.listEntities(request, undefined, ports())).toEqual([
      { name: 'sales', label: 'Sales', hasNestedEntities: true },
      { name: 'contact', label: 'contact', hasNestedEntities: false },
    ]);
    expect(await source.listEntities(request, 'sales', ports())).toEqual([
      { name: 'sales/orders', label: 'sales/orders', hasNestedEntities: false },
    ]);
    expect(await source.listEntities(request, 'contact', ports())).toEqual([]);
  });

  test.each([
    [{ authenticationConfig: { isBasicAuthSupported: true } }, { username: 'u', password: 'p' }, 'BasicAuth'],
    [
      {
        authenticationConfig: {
          isCustomAuthSupported: true,
          customAuthConfig: [
            { authenticationType: 'Pin', authParameters: [{ key: 'pin', required: true }] },
            { authenticationType: 'Session', authParameters: [{ key: 'pin', required: true }] },
          ],
        },
      },
      { pin: '1234', customAuthenticationType: 'Session' },
      'CustomAuth',
    ],
  ])('%j is said to be what the credentials are', async (configuration, credentials, type) => {
    const host = scriptedHost(() => ok);
    const source = customSource(registrationOf(configuration), host);
    await source.testConnection({ ...request, properties: {} }, ports(credentials));
    expect(host.requests[1]?.credentials).toMatchObject({ authenticationType: type });
    expect(host.secrets.get('crm')).toEqual(credentials);
  });

  test('of OAuth 2 a token is asked for in the form that the connector declares', () => {
    const { authenticationConfig } = oauthConfiguration;
    const oAuth2Defaults = { ...authenticationConfig.oAuth2Defaults, oAuth2ContentType: 'APPLICATION_JSON' };
    const { connectorConfiguration } = registrationOf({
      authenticationConfig: { ...authenticationConfig, oAuth2Defaults },
    });
    expect(schemesOf(connectorConfiguration)).toMatchObject([{ tokenBody: 'json' }, { tokenBody: 'json' }]);
    expect(schemesOf(registrationOf(oauthConfiguration).connectorConfiguration)[0]).not.toHaveProperty(
      'tokenBody',
    );
  });

  test('OAuth 2 in a form that is not supported is refused by name', async () => {
    const { authenticationConfig } = oauthConfiguration;
    const oAuth2Defaults = { ...authenticationConfig.oAuth2Defaults, oAuth2MethodType: 'HTTP_GET' };
    const configuration = { authenticationConfig: { ...authenticationConfig, oAuth2Defaults } };
    const source = customSource(
      registrationOf(configuration),
      scriptedHost(() => ok),
    );
    await expect(source.testConnection({ ...request, properties: {} }, ports())).rejects.toMatchObject({
      code: 'NotRunnable',
      context: { got: 'oAuth2MethodType HTTP_GET' },
    });
  });
});
