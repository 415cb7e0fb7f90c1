import { expect, test } from 'vitest';
import { recordedExchange } from '../../../engine/http/recorded-exchange.ts';
import { shop } from '../../support/faults.ts';

const url = new URL(
  'https://eu.shop.example/v2/customers/4711/orders?since=2026-01-01&email=ada%40x.example',
);

test('of a refusal what the vendor says of it is kept, and no value, id or secret', () => {
  const body = JSON.stringify({
    message: 'the key the-key lacks a scope',
    code: 'no_scope',
    order: { id: 4711, customer: 'Ada Byron', sent: false },
  });
  const headers = { 'content-type': 'application/json', 'x-request-id': 'r-1', 'set-cookie': 'session=1' };
  expect(
    recordedExchange(shop, { method: 'GET', url }, { status: 403, headers, body: Buffer.from(body) }, [
      'the-key',
    ]),
  ).toEqual({
    method: 'GET',
    request: '/v2/customers/*/orders?since&email',
    status: 403,
    headers: { 'content-type': 'application/json', 'x-request-id': 'r-1' },
    body: '{"message":"the key *** lacks a scope","code":"no_scope","order":{"id":1111,"customer":"xxx xxxxx","sent":false}}',
  });
});

test.each([
  ['/api/users/ada@shop.example/tags', '/api/users/*/tags'],
  ['/v4/sheets/My%20Form', '/v4/sheets/*'],
])('of a path what looks like an id or an address is left out: %s', (path, request) => {
  const asked = { method: 'GET', url: new URL(path, 'https://eu.shop.example') };
  const answer = { status: 500, headers: {}, body: Buffer.from('{}') };
  expect(recordedExchange(shop, asked, answer, []).request).toBe(request);
});

test('of a page that is cut off only its form is kept', () => {
  const body = Buffer.from('{"orders":[{"id":1,"name":"Ada"},{"id":2,"na');
  expect(recordedExchange(shop, { method: 'GET', url }, { status: 200, headers: {}, body }, []).body).toBe(
    '{"xxxxxx":[{"xx":1,"xxxx":"xxx"},{"xx":1,"xx',
  );
});

test('a long answer is cut', () => {
  const body = Buffer.from(`"${'a'.repeat(10_000)}"`);
  expect(
    recordedExchange(shop, { method: 'GET', url }, { status: 500, headers: {}, body }, []).body,
  ).toHaveLength(2_000);
});
