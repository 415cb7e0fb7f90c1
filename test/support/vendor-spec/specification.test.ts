import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../temporary-folder.ts';
import { anyText } from './sample.ts';
import { readSpecification, type Specification } from './specification.ts';

/** Writes the files and reads the first. */
function read(files: Readonly<Record<string, object | string>>): Promise<Specification> {
  const folder = temporaryFolder();
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    writeFileSync(path.join(folder, name), typeof content === 'string' ? content : JSON.stringify(content));
  }
  return readSpecification(path.join(folder, Object.keys(files)[0] ?? ''));
}

const operation = { responses: { 200: { content: { 'application/json': { schema: { type: 'string' } } } } } };

test('finds an operation by method and path, with the path of a server or without', async () => {
  const { find } = await read({
    'a.json': {
      openapi: '3.0.3',
      servers: [{ url: 'https://{region}.api.example/v2/' }, { url: '/v1' }],
      paths: { '/users/{id}/posts': { get: operation } },
    },
  });
  for (const found of ['/v2/users/{user.id}/posts', '/v1/users/7/posts', '/users/{id}/posts']) {
    expect(find('GET', found), found).toBeDefined();
  }
  for (const missing of [
    '/v3/users/{id}/posts',
    '/users/{id}',
    '/users/{id}/posts/{post}',
    '/users/{id}/{what}',
  ]) {
    expect(find('GET', missing), missing).toBeUndefined();
  }
  expect(find('POST', '/users/{id}/posts')).toBeUndefined();
});

test('prefers the path with fewer holes', async () => {
  const { find } = await read({
    'a.json': {
      openapi: '3.0.3',
      paths: {
        '/users/{id}': { get: { ...operation, parameters: [{ name: 'one', in: 'query' }] } },
        '/users/me': { get: { ...operation, parameters: [{ name: 'mine', in: 'query' }] } },
      },
    },
  });
  expect([...(find('GET', '/users/me')?.query.keys() ?? [])]).toEqual(['mine']);
  expect([...(find('GET', '/users/{id}')?.query.keys() ?? [])]).toEqual(['one']);
});

test('reads OpenAPI 3: parameters of path and operation, bodies and answers, through references to other files', async () => {
  const { find } = await read({
    'a.json': {
      openapi: '3.1.0',
      paths: {
        '/search': {
          parameters: [{ $ref: 'parts/b.yaml#/parameters/Page' }],
          post: {
            parameters: [
              { name: 'q', in: 'query', required: true, schema: { type: 'string' } },
              { name: 'x-trace', in: 'header', required: true },
            ],
            requestBody: {
              content: { 'application/json': { schema: { $ref: 'parts/b.yaml#/schemas/Query' } } },
            },
            responses: {
              400: { content: { 'application/json': { schema: { properties: { error: {} } } } } },
              201: {
                content: {
                  'text/csv': { schema: { type: 'string' } },
                  'application/json; charset=utf-8': {
                    schema: { properties: { total: { type: 'integer' } } },
                  },
                },
              },
            },
          },
        },
      },
    },
    'parts/b.yaml': `
parameters:
  Page: { name: page, in: query, schema: { type: integer } }
schemas:
  Query: { properties: { filter: { $ref: '#/schemas/Filter' } } }
  Filter: { properties: { name: { type: string } } }
`,
  });
  const found = find('POST', '/search');
  expect([...(found?.query.keys() ?? [])]).toEqual(['page', 'q']);
  expect(found?.required).toEqual(['q']);
  expect(found?.body).toEqual({ filter: { name: anyText } });
  expect(found?.answer).toEqual({ total: 1 });
});

test('reads OpenAPI 2: basePath, forms and schemas of responses', async () => {
  const { find } = await read({
    'a.json': {
      swagger: '2.0',
      basePath: '/api',
      paths: {
        '/list': {
          post: {
            parameters: [
              { name: 'limit', in: 'query', type: 'integer' },
              { name: 'channel', in: 'formData', type: 'string' },
            ],
            responses: { default: { schema: { type: 'boolean' } } },
          },
        },
      },
    },
  });
  const found = find('POST', '/api/list');
  expect(found?.query.get('limit')).toMatchObject({ type: 'integer' });
  expect(found?.body).toEqual({ channel: anyText });
  expect(found?.answer).toBe(true);
});

test('says that nothing is said of an answer', async () => {
  const { find } = await read({
    'a.json': { openapi: '3.0.3', paths: { '/a': { get: { responses: { 200: { description: 'fine' } } } } } },
  });
  expect(find('GET', '/a')).toMatchObject({ answer: undefined, body: undefined });
});
