import { describe, expect, test } from 'vitest';
import { apiKey, type Connector, type SourceRequest } from '#core';
import { baseUrlOf, headersOf, settingsOf, urlOf } from '../../../engine/http/hosts.ts';

const connector: Connector = {
  label: 'Desk',
  docs: 'https://example.com',
  baseUrl: 'https://{subdomain}.desk.example/api',
  hosts: ['*.desk.example'],
  auth: [apiKey({ label: 'Key' })],
  validateCredentials: 'GET /me',
  settings: { subdomain: { label: 'Subdomain' }, region: { label: 'Region', default: 'eu' } },
  entities: {},
};

function requestWith(changes: Partial<SourceRequest>): SourceRequest {
  return {
    flowName: 'f',
    connector: 'Desk',
    properties: {},
    settings: {},
    fields: [],
    filters: [],
    window: { end: 0 },
    ...changes,
  };
}

describe('the base URL', () => {
  test('has its holes filled from the settings', () => {
    expect(baseUrlOf(connector, requestWith({ settings: { subdomain: 'acme' } })).href).toBe(
      'https://acme.desk.example/api',
    );
  });

  test.each([
    'evil.example/',
    'evil.example#',
    'evil.example?',
    'user@evil.example/',
    'a:b@evil.example\\',
    '',
  ])('never leaves the vendor: %s', (subdomain) => {
    expect(() => baseUrlOf(connector, requestWith({ settings: { subdomain } }))).toThrow(
      expect.objectContaining({ code: 'ConnectionInvalid' }),
    );
  });

  test('needs its settings', () => {
    expect(() => baseUrlOf(connector, requestWith({}))).toThrow(
      "Desk: the setting 'subdomain' is missing; expected Subdomain; add it to the connection's settings or to the flow's customProperties",
    );
  });

  test.each(['http://127.0.0.1:8080', 'http://localhost:8080', 'http://[::1]:8080'])(
    'may be %s in tests',
    (endpoint) => {
      expect(baseUrlOf(connector, requestWith({ endpoint })).origin).toBe(endpoint);
    },
  );

  test.each([
    'http://192.168.0.1',
    'https://evil.example',
    'http://127.0.0.1.evil.example',
    'http://localhost@evil.example',
    'nonsense',
  ])('may not be %s even in tests', (endpoint) => {
    expect(() => baseUrlOf(connector, requestWith({ endpoint }))).toThrow(
      'an endpoint may only be a server on this machine',
    );
  });
});

test("a flow's own properties overlay the connection's settings, and these the defaults", () => {
  const request = requestWith({
    settings: { subdomain: 'acme', region: 'us' },
    properties: { customProperties: { subdomain: 'other' } },
  });
  expect(settingsOf(connector, requestWith({}))).toEqual({ region: 'eu' });
  expect(settingsOf(connector, request)).toEqual({ subdomain: 'other', region: 'us' });
  const own = { object: 'o', region: 'ap', customProperties: { region: 'sa' } };
  expect(settingsOf(connector, requestWith({ properties: own })).region).toBe('sa');
  expect(settingsOf(connector, requestWith({ properties: { object: 'o', region: true } }))).toEqual({
    region: 'true',
  });
});

describe('a path', () => {
  const base = new URL('https://acme.desk.example/api');

  test.each([
    ['a b', '/api/repos/a%20b/issues'],
    ['a/../b', '/api/repos/a%2F..%2Fb/issues'],
    ['a?x=1#y', '/api/repos/a%3Fx%3D1%23y/issues'],
    ['%2e%2e', '/api/repos/%252e%252e/issues'],
  ])('keeps %s in one segment', (value, path) => {
    expect(urlOf(base, '/repos/{repo}/issues', () => value, 'Desk').pathname).toBe(path);
  });

  test.each(['.', '..'])('refuses %s', (value) => {
    expect(() => urlOf(base, '/repos/{repo}/issues', () => value, 'Desk')).toThrow(
      "'repo' cannot be part of a path",
    );
  });

  test.each([
    ['/opu/catalog;v=2/', '/api/opu/catalog;v=2/things'],
    ['opu/a b?x#y', '/api/opu/a%20b%3Fx%23y/things'],
  ])('may be %s in a hole for a path', (value, path) => {
    expect(urlOf(base, '/{+service}/things', () => value, 'Desk').pathname).toBe(path);
  });

  test('in a hole for a path climbs nowhere', () => {
    expect(() => urlOf(base, '/{+service}/things', () => '/opu/../admin', 'Desk')).toThrow(
      "'service' cannot be part of a path",
    );
  });
});

describe('headers', () => {
  const headed: Connector = {
    ...connector,
    headers: { accept: 'application/json', 'x-client': '{client}', 'x-language': '{language}' },
    settings: { client: { label: 'Client' }, language: { label: 'Language', optional: true } },
  };

  test('have settings in their holes; one of an optional setting may be missing', () => {
    expect(headersOf(headed, requestWith({ settings: { client: '010', language: 'EN' } }))).toEqual({
      accept: 'application/json',
      'x-client': '010',
      'x-language': 'EN',
    });
    expect(headersOf(headed, requestWith({ settings: { client: '010' } }))).toEqual({
      accept: 'application/json',
      'x-client': '010',
    });
  });

  test('need every other setting', () => {
    expect(() => headersOf(headed, requestWith({}))).toThrow("Desk: the setting 'client' is missing");
  });
});
