import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '../../local/home.ts';
import { type LocalServer, startServer } from '../support/http-server.ts';
import { startPostgres, type TestPostgres } from '../support/postgres.ts';
import { type Command, command } from './command.ts';

let server: LocalServer;
let requests: { url: string | undefined; authorization: string | undefined }[] = [];
let status = 200;
beforeAll(async () => {
  server = await startServer(({ url, headers }, response) => {
    requests.push({ url, authorization: headers.authorization });
    response.statusCode = status;
    response.setHeader('content-type', 'application/json');
    response.end('{}');
  });
});
afterAll(() => server.close());

function gitHub(more: object = {}): Command {
  requests = [];
  status = 200;
  const cli = command();
  // The server tells the real time.
  cli.shell = { clock: systemClock };
  cli.env.GITHUB_TOKEN = 't0ken';
  cli.write('connections/gh.json', {
    connectorProfileName: 'gh',
    connectorType: 'CustomConnector',
    connectorLabel: 'GitHub',
    connectorProfileProperties: { owner: 'o', repo: 'r' },
    endpoint: server.endpoint,
    credentials: { apiKey: '${env:GITHUB_TOKEN}' },
    ...more,
  });
  return cli;
}

describe('discover', () => {
  test('lists what a connector declares, without a request', async () => {
    const cli = gitHub();
    const { exitCode, out } = await cli.run('discover', 'gh');
    expect(exitCode).toBe(0);
    expect(out.split('\n').map((line) => line.split(' ')[0])).toContain('issues');
    expect(await cli.json('discover', 'gh')).toMatchObject({
      entities: expect.arrayContaining([
        { name: 'issues', label: 'Repository Issue', hasNestedEntities: false },
      ]),
    });
    expect(requests).toEqual([]);
  });

  test('lists the fields of an entity', async () => {
    const cli = gitHub();
    expect((await cli.run('discover', 'gh', 'issues')).out).toMatch(
      /^assignee_login +String +Repository Issue Assignee Login$/m,
    );
    const { entity, fields } = await cli.json<{ entity: string; fields: object[] }>(
      'discover',
      'gh',
      'issues',
    );
    expect(entity).toBe('issues');
    expect(fields).toContainEqual(expect.objectContaining({ name: 'title', type: 'String' }));
    expect(requests).toEqual([]);
  });

  test.each<[string, string[], object, string | RegExp]>([
    ['an entity', ['discover', 'gh', 'isues'], {}, 'got isues; expected one of issues'],
    ['a connection', ['discover', 'hg'], {}, 'there is no such connection'],
    [
      'a connector',
      ['discover', 'gh'],
      { connectorLabel: 'GitHup' },
      /connection gh: this version has no such connector; got GitHup; expected one of .*S3.*; did you mean 'GitHub'\?/,
    ],
  ])('refuses %s that is not there', async (_, args, more, told) => {
    const { exitCode, err } = await gitHub(more).run(...args);
    expect(exitCode).toBe(2);
    expect(err).toMatch(told);
    expect(requests).toEqual([]);
  });
});

describe('connection test', () => {
  test('makes one authenticated request', async () => {
    expect(await gitHub().run('connection', 'test', 'gh')).toEqual({
      exitCode: 0,
      out: 'gh: works\n',
      err: '',
    });
    expect(requests).toEqual([{ url: '/user', authorization: 'Bearer t0ken' }]);
  });

  test('says that the credentials were rejected, and never what they are', async () => {
    const cli = gitHub();
    status = 401;
    const { exitCode, err } = await cli.run('connection', 'test', 'gh');
    expect(exitCode).toBe(2);
    expect(err).toContain('status 401');
    expect(err).not.toContain('t0ken');
  });

  test('names the environment variable that is not set', async () => {
    const cli = gitHub();
    delete cli.env.GITHUB_TOKEN;
    const { exitCode, err } = await cli.run('connection', 'test', 'gh');
    expect({ exitCode, requests }).toEqual({ exitCode: 2, requests: [] });
    expect(err).toContain('GITHUB_TOKEN');
  });
});

describe('a database', () => {
  let postgres: TestPostgres;
  beforeAll(async () => {
    postgres = await startPostgres();
    const { host, port, database, username: user, password } = postgres;
    const client = new pg.Client({ host, port, database, user, password });
    await client.connect();
    await client.query('CREATE TABLE orders (id bigint PRIMARY KEY, name text)');
    await client.end();
  }, 60_000);
  afterAll(() => postgres.stop());

  test('is tested and discovered level by level', async () => {
    const cli = command();
    Object.assign(cli.env, { DB_USER: postgres.username, DB_PASSWORD: postgres.password });
    cli.write('connections/db.json', {
      connectorProfileName: 'db',
      connectorType: 'CustomConnector',
      connectorLabel: 'JDBC',
      connectorProfileProperties: {
        driver: 'postgresql',
        hostname: postgres.host,
        port: postgres.port,
        database: postgres.database,
      },
      credentials: { username: '${env:DB_USER}', password: '${env:DB_PASSWORD}' },
    });
    expect(await cli.run('connection', 'test', 'db')).toMatchObject({ exitCode: 0, out: 'db: works\n' });
    expect(await cli.run('discover', 'db')).toEqual({ exitCode: 0, out: 'public  …\n', err: '' });
    expect(await cli.json('discover', 'db', 'public')).toEqual({
      entities: [{ name: 'public.orders', label: 'orders', hasNestedEntities: false }],
    });
    expect(await cli.run('discover', 'db', 'public.orders')).toEqual({
      exitCode: 0,
      out: 'id    Long\nname  String\n',
      err: '',
    });
    expect(await cli.run('discover', 'db', 'public.none')).toMatchObject({
      exitCode: 2,
      err: expect.stringContaining('public.none'),
    });
    cli.env.DB_PASSWORD = 'wr0ng';
    const { exitCode, err } = await cli.run('connection', 'test', 'db');
    expect(exitCode).toBe(2);
    expect(err).not.toContain('wr0ng');
  });
});
