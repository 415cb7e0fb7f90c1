import { describe, expect, test } from 'vitest';
import {
  apiKey,
  type Connector,
  checkConnector,
  dateTime,
  defineConnector,
  type Entity,
  entity,
  linkHeader,
  long,
  oauth2,
  offset,
  pageNumber,
  string,
  struct,
  TributaryErrors,
} from '#core';

const docs = 'https://example.com/docs';
const results = { written: { path: 'ok', is: [true] }, message: 'error' };

function connectorWith(changes: Partial<Connector>, issues: Partial<Entity> = {}): Connector {
  return {
    ...defineConnector({
      label: 'GitHub',
      docs,
      baseUrl: 'https://api.example.com',
      auth: [apiKey({ label: 'Key' })],
      validateCredentials: 'GET /me',
      settings: { owner: { label: 'Owner' } },
      entities: {
        issues: {
          ...entity({
            docs,
            path: '/repos/{owner}/issues',
            primaryKey: ['id'],
            fields: { id: long(), title: string(), updated_at: dateTime() },
          }),
          ...issues,
        },
      },
    }),
    ...changes,
  };
}

function findingsOf(connector: Connector): string[] {
  try {
    checkConnector(connector);
    return [];
  } catch (error) {
    if (!(error instanceof TributaryErrors)) throw error;
    expect(error.code).toBe('InvalidArgument');
    return error.errors.map(({ message }) => message);
  }
}

test('a sound connector passes', () => {
  expect(findingsOf(connectorWith({}))).toEqual([]);
});

test('all findings come at once', () => {
  const connector = connectorWith(
    { validateCredentials: 'GET /{me}' },
    { path: '/repos/{ownr}/issues', primaryKey: ['key'] },
  );
  expect(findingsOf(connector)).toEqual([
    "GitHub: no setting named 'me'; expected one of owner",
    "GitHub.issues: no setting or field named 'ownr'; expected one of owner",
    "GitHub.issues: no field named 'key'; expected one of id, title, updated_at",
  ]);
});

describe('an entity is refused', () => {
  const comments: Entity = {
    docs,
    path: '/issues/{issues.number}/comments',
    parent: 'issues',
    primaryKey: ['id'],
    fields: { id: long() },
  };
  const { issues } = connectorWith({}).entities as { issues: Entity };

  test.each<[string, Partial<Entity>, string]>([
    [
      'for a hole in its query',
      { query: { q: '{repo}' } },
      "GitHub.issues: no setting or field named 'repo'; expected one of owner",
    ],
    [
      'for a malformed path of a field',
      { fields: { id: long(), labels: string({ at: 'labels[].name' }) } },
      'GitHub.issues: fields.labels.at is not a path; got labels[].name; expected names joined by dots, [*] after a list: labels[*].name',
    ],
    [
      'for a window without any way to ask for it',
      { incremental: { field: 'updated_at' } },
      "GitHub.issues: incremental needs either 'from' or the order 'newestFirst'",
    ],
    [
      'for pages of a file',
      { file: 'jsonLines', pagination: 'onePage' },
      "GitHub.issues: a file has neither 'records' nor 'decode' nor pages",
    ],
    [
      'for a window of files without another way to ask for the time',
      { file: 'jsonLines', incremental: { field: 'updated_at', from: 'since' } },
      "GitHub.issues: the connector needs a 'clock': asking for a file only to see the time is too much",
    ],
    [
      'for pages that repeat records unsaid',
      { incremental: { field: 'updated_at', from: 'since', order: 'oldestFirst' } },
      "GitHub.issues: the order 'oldestFirst' repeats records; declare mayRepeat: true",
    ],
    [
      'for an unknown incremental field',
      { incremental: { field: 'changed', from: 'since' } },
      "GitHub.issues: no field named 'changed'; expected one of id, title, updated_at",
    ],
    [
      'for a field that writes more than it',
      { fields: { id: long(), title: string({ write: ['INSERT'] }) } },
      'GitHub.issues.title: the entity declares no write operation INSERT',
    ],
    [
      'for a field that identifies records for an operation that the entity does not have',
      { fields: { id: long({ identifies: ['UPDATE'] }), title: string() } },
      'GitHub.issues.id: the entity declares no write operation UPDATE',
    ],
    [
      'for a change of records that nothing identifies',
      { write: { UPDATE: { request: 'PATCH /issues', records: 10, results } } },
      "GitHub.issues.write.UPDATE: no field identifies the record: declare identifies: ['UPDATE']",
    ],
    [
      'for a written path with an unknown setting',
      { write: { INSERT: { request: 'POST /{oner}/issues', records: 10, results } } },
      "GitHub.issues.write.INSERT: no setting named 'oner'; expected one of idField, owner",
    ],
    [
      'for a request of no records',
      { write: { INSERT: { request: 'POST /issues', records: 0, results } } },
      'GitHub.issues.write.INSERT: records is 0; expected one of 1, 2, …',
    ],
    [
      'for results that lie nowhere',
      {
        write: {
          INSERT: { request: 'POST /issues', records: 1, results: { ...results, message: 'errors[0]' } },
        },
      },
      'GitHub.issues.write.INSERT: results.message is not a path; got errors[0]; expected names joined by dots, [*] after a list: labels[*].name',
    ],
    [
      'for a parameter that cannot be set',
      { parameters: { mentioned: string() } },
      "GitHub.issues: parameter 'mentioned' has neither filters nor a hole in the path",
    ],
    [
      'for a parameter with the name of a field',
      { parameters: { title: string({ filters: { EQUAL_TO: 't' } }) } },
      "GitHub.issues: 'title' is both a field and a parameter",
    ],
    [
      'for an unknown parent',
      { parent: 'repos' },
      "GitHub.issues: no entity named 'repos'; expected one of issues",
    ],
  ])('%s', (_, changes, message) => {
    expect(findingsOf(connectorWith({}, changes))).toEqual([message]);
  });

  test("for a hole that is no field of the parent's", () => {
    expect(findingsOf(connectorWith({ entities: { issues, comments } }))).toEqual([
      "GitHub.comments: no setting or field named 'issues.number'; expected one of owner, issues.id, issues.title, issues.updated_at",
    ]);
  });

  test('for parents in a circle, and for nothing else about grandparents', () => {
    const child = { ...comments, path: '/issues/{issues.id}/comments' };
    const grandchild = { ...comments, parent: 'child', path: '/{issues.id}/comments/{child.id}/reactions' };
    expect(findingsOf(connectorWith({ entities: { issues, child, grandchild } }))).toEqual([]);
    const circle = { ...child, parent: 'grandchild', path: '/comments' };
    expect(findingsOf(connectorWith({ entities: { child: circle, grandchild } }))).toEqual([
      'GitHub.child: the parents lead in a circle: grandchild, child, grandchild',
      "GitHub.grandchild: no setting or field named 'issues.id'; expected one of owner, child.id, grandchild.id",
      'GitHub.grandchild: the parents lead in a circle: child, grandchild, child',
    ]);
  });

  test('for windows that may be read again, of records that may not', () => {
    const errors: Connector['errors'] = { rules: [{ status: [413], code: 'WindowTooLarge' }] };
    const windowed: Partial<Entity> = {
      pagination: linkHeader({}),
      incremental: { field: 'updated_at', from: 'since', to: 'until' },
    };
    expect(findingsOf(connectorWith({ errors }, windowed))).toEqual([
      'GitHub.issues: a window that is halved after its first page repeats records; declare mayRepeat: true',
    ]);
    expect(findingsOf(connectorWith({ errors }, { ...windowed, mayRepeat: true }))).toEqual([]);
    expect(findingsOf(connectorWith({ errors }, { ...windowed, pagination: 'onePage' }))).toEqual([]);
  });

  test('for pages that may be read again, of records that may not', () => {
    const pagination = pageNumber({ param: 'page', total: 'total' });
    expect(findingsOf(connectorWith({}, { pagination }))).toEqual([
      "GitHub.issues: pages with a 'total' may be read again, and repeat records; declare mayRepeat: true",
    ]);
    expect(findingsOf(connectorWith({}, { pagination, mayRepeat: true }))).toEqual([]);
    const overlapping = offset({ param: 'skip', size: { top: 10 }, overlap: ['id'], mayBeShort: true });
    expect(findingsOf(connectorWith({}, { pagination: overlapping }))).toEqual([
      "GitHub.issues: pages with an 'overlap' repeat records; declare mayRepeat: true",
      "GitHub.issues: of pages with an 'overlap' the first that is not full is the last",
    ]);
  });

  test('for parts and stamps that are no fields', () => {
    const fields = { id: long(), at: dateTime(), place: struct({ parts: { a: 'lat' } }) };
    const incremental = { field: 'at', others: ['changed'], from: 'since' };
    expect(findingsOf(connectorWith({}, { fields, incremental }))).toEqual([
      "GitHub.issues: no field named 'changed'; expected one of id, at, place",
      "GitHub.issues.place: no field named 'lat'; expected one of id, at, place",
    ]);
  });

  test('for a filter without a parameter where there is no search', () => {
    const fields = { id: long(), title: string({ filters: { EQUAL_TO: true } }) };
    expect(findingsOf(connectorWith({}, { fields }))).toEqual([
      'GitHub.issues.title: a filter without a parameter needs a search',
    ]);
  });
});

describe('a base URL', () => {
  test.each(['http://api.example.com', 'https://api.example.com/', 'api.example.com'])(
    '%s is refused',
    (baseUrl) => {
      expect(findingsOf(connectorWith({ baseUrl }))).toEqual([
        `GitHub: baseUrl is not usable; got ${baseUrl}; expected https://… without a trailing slash`,
      ]);
    },
  );

  test('with a hole in its host needs declared hosts', () => {
    const baseUrl = 'https://{owner}.example.com';
    expect(findingsOf(connectorWith({ baseUrl }))).toEqual([
      "GitHub: the host of baseUrl has holes but no hosts are declared; add hosts: ['*.example.com'], so that credentials go nowhere else",
    ]);
    expect(findingsOf(connectorWith({ baseUrl, hosts: ['*.example.com'] }))).toEqual([]);
  });
});

test('the addresses that tokens come from name settings alone', () => {
  const auth = oauth2({
    authorizeUrl: 'https://{owner}.example.com/authorize',
    tokenUrl: 'https://example.com/{tenant}/token',
    tokenParameters: { audience: '{api}' },
    scopes: [],
  });
  expect(findingsOf(connectorWith({ auth: [auth] }))).toEqual([
    "GitHub: no setting named 'tenant'; expected one of owner",
    "GitHub: no setting named 'api'; expected one of owner",
  ]);
});
