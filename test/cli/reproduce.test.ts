/** `tributary explain --bundle`, and what its README says, in an empty folder on another machine. */

import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, onTestFinished, test } from 'vitest';
import { startServer } from '../support/http-server.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { type Command, command, customSource, map, orders } from './command.ts';

const names = {
  tasks: [{ ...orders.tasks[0], sourceFields: ['id', 'name'] }, map('id'), map('name')],
};
const json = {
  ...names,
  sourceFlowConfig: {
    connectorType: 'S3',
    sourceConnectorProperties: {
      S3: { bucketName: 'inbox', bucketPrefix: 'in', s3InputFormatConfig: { s3InputFileType: 'JSON' } },
    },
  },
};

interface Explained {
  readonly code: string;
  /** All files of the bundle, one after the other. */
  readonly text: string;
  readonly folder: string;
}

async function bundled(cli: Command, flow: string, ...more: readonly string[]): Promise<Explained> {
  return bundleOf(cli, ['run', flow], ...more);
}

async function bundleOf(
  cli: Command,
  line: readonly string[],
  ...more: readonly string[]
): Promise<Explained> {
  const { executionId, error } = await cli.json<{ executionId: string; error: { code: string } }>(...line);
  const folder = path.join(cli.folder, 'failure');
  const { exitCode, err } = await cli.run('explain', executionId, '--bundle', folder, ...more);
  expect(exitCode).toBe(0);
  expect(err).toContain(`${folder}: written\n`);
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((one) => one.isFile());
  const text = files.map((file) => readFileSync(path.join(file.parentPath, file.name), 'latin1')).join('\n');
  return { code: error.code, text, folder };
}

/** Moves the bundle elsewhere and does there what it says. */
async function again({ folder }: Explained): Promise<unknown> {
  const elsewhere = path.join(temporaryFolder(), path.basename(folder));
  mkdirSync(elsewhere);
  cpSync(folder, elsewhere, { recursive: true });
  const readme = readFileSync(path.join(elsewhere, 'README.md'), 'utf8');
  const [, name = '', argument = ''] = /^ {4}tributary (\S+) (\S+)$/m.exec(readme) ?? [];
  const cli = command();
  const { exitCode, out } = await cli.run(name, path.join(path.dirname(elsewhere), argument), '--json');
  return { exitCode, ...(JSON.parse(out) as object) };
}

describe('a record that cannot be read', () => {
  const latin1 = Buffer.concat([
    Buffer.from('id,name\n1,Ada\n2,M'),
    Buffer.from([0xfc]),
    Buffer.from('ller\n'),
  ]);
  test.each([
    ['a ragged record', names, 'id,secretField,name\n1,s,Ada Byron\n2,s,"Müller, Eva",4711\n'],
    ['a quote that is never closed', names, 'id,name\n1,Ada\n2,"Eva\n3,Max\n'],
    ['a header with one name twice', names, 'id,name,name\n1,Ada,Eva\n'],
    ['Latin-1', names, latin1],
    ['a line of JSON that is cut off', json, '{"id":1,"name":"Ada"}\n{"id":2,"name":"Ev\n'],
    ['JSON that is no object', json, '{"id":1,"name":"Ada"}\n["Ada"]\n'],
    ['a gzip file that is cut off', names, gzipSync('id,name\n1,Ada\n2,Eva\n').subarray(0, -9)],
  ])('%s is met again by a stand-in', async (_, flow, body) => {
    const cli = command();
    cli.write('home/s3/inbox/in/a.csv', body);
    const bundle = await bundled(cli, cli.flow(flow));
    expect(bundle.code).toBe('SourceDataInvalid');
    expect(bundle.text).not.toMatch(/Ada|Eva|Byron|M.{1,2}ller|4711|secretField/);
    expect(await again(bundle)).toMatchObject({
      exitCode: 0,
      reproduced: true,
      expected: 'SourceDataInvalid',
    });
  });

  test('is taken along as it is only when one says so', async () => {
    const cli = command();
    const text = 'id,name\n1,Ada\n2\n';
    cli.write('home/s3/inbox/in/a.csv', text);
    const bundle = await bundled(cli, cli.flow(names), '--with-data');
    expect(readFileSync(path.join(bundle.folder, 's3/inbox/in/a.csv'), 'utf8')).toBe(text);
    expect(await again(bundle)).toMatchObject({ exitCode: 0, reproduced: true });
  });
});

test('a refusal of the vendor is met again without the vendor', async () => {
  const server = await startServer((_, response) => {
    response.writeHead(403, { 'content-type': 'application/json', 'x-github-request-id': 'r-1' });
    response.end('{"message":"Resource not accessible by personal access token","login":"ada-byron"}');
  });
  const cli = command();
  cli.env.GITHUB_TOKEN = 'ghp_very-secret';
  cli.write('connections/github.json', {
    connectorProfileName: 'github',
    connectorType: 'CustomConnector',
    connectorLabel: 'GitHub',
    connectorProfileProperties: { owner: 'acme', repo: 'shop' },
    endpoint: server.endpoint,
    credentials: { apiKey: '${env:GITHUB_TOKEN}' },
  });
  const flow = cli.flow({
    sourceFlowConfig: {
      connectorType: 'CustomConnector',
      connectorProfileName: 'github',
      apiVersion: '2022-11-28',
      sourceConnectorProperties: { CustomConnector: { entityName: 'issues' } },
    },
    tasks: [{ taskType: 'Map_all', sourceFields: [], taskProperties: {} }],
  });
  const bundle = await bundled(cli, flow);
  await server.close();
  expect(bundle.code).toBe('AccessDenied');
  expect(bundle.text).not.toMatch(/ghp_|ada-byron|GITHUB_TOKEN/);
  expect(await again(bundle)).toEqual({
    exitCode: 0,
    reproduced: true,
    expected: 'AccessDenied',
    got: {
      code: 'AccessDenied',
      message:
        'GitHub.issues: the vendor says "Resource not accessible by personal access token" (status 403, request r-1); grant the connection\'s credentials access to this data',
    },
  });
});

test('a definition that names a field too many is met again', async () => {
  const cli = command();
  const bundle = await bundled(cli, cli.flow(names));
  expect(bundle.code).toBe('SchemaChanged');
  expect(await again(bundle)).toMatchObject({ exitCode: 0, reproduced: true, expected: 'SchemaChanged' });
});

test('what has been mended since is said to be', async () => {
  const cli = command();
  cli.write('home/s3/inbox/in/a.csv', 'id,name\n1,Ada\n2\n');
  const bundle = await bundled(cli, cli.flow(names));
  cli.write('failure/s3/inbox/in/a.csv', 'id,name\n1,xxx\n');
  expect(await cli.run('reproduce', bundle.folder)).toEqual({
    exitCode: 1,
    out: 'not reproduced: expected SourceDataInvalid; the run succeeded\n',
    err: '',
  });
});

test('a bundle is of a failure, goes into a folder of its own, and data goes with it', async () => {
  const cli = command();
  const { executionId } = await cli.json<{ executionId: string }>('run', cli.flow());
  const there = path.join(cli.folder, 'home');
  expect(await cli.run('explain', executionId, '--bundle', path.join(cli.folder, 'b'))).toMatchObject({
    exitCode: 2,
    err: expect.stringContaining('nothing has failed that could be met again'),
  });
  expect(await cli.run('explain', executionId, '--with-data')).toMatchObject({
    exitCode: 2,
    err: '--with-data goes with --bundle; add --bundle DIR\n',
  });
  cli.write('home/s3/inbox/in/a.csv', 'id,rating\n1\n');
  const failed = await cli.json<{ executionId: string }>('run', cli.flow());
  expect(await cli.run('explain', failed.executionId, '--bundle', there)).toMatchObject({
    exitCode: 2,
    err: `${there}: the folder is not empty; name one that is not there yet\n`,
  });
});

const ragged = 'id,name\n1,Ada\n2\n';

test('parameters of the run stay; of a window there is no need', async () => {
  const cli = command();
  cli.write('home/s3/inbox/in/a.csv', ragged);
  const bundle = await bundleOf(cli, ['run', cli.flow(names), '--dry-run', '--limit', '5']);
  expect(JSON.parse(cli.read('failure/bundle.json'))).toMatchObject({
    parameters: { dryRun: true, limit: 5, full: true },
  });
  expect(await again(bundle)).toMatchObject({ exitCode: 0, reproduced: true });
});

test('a run into the bucket that it reads from leaves the bundle alone', async () => {
  const cli = command();
  cli.write('home/s3/inbox/in/a.csv', ragged);
  const [target] = orders.destinationFlowConfigList;
  const S3 = { ...target.destinationConnectorProperties.S3, bucketName: 'inbox', bucketPrefix: 'out' };
  const bundle = await bundled(
    cli,
    cli.flow({
      ...names,
      destinationFlowConfigList: [{ ...target, destinationConnectorProperties: { S3 } }],
    }),
  );
  cli.write('failure/s3/inbox/in/a.csv', 'id,name\n1,xxx\n');
  const before = cli.files('failure');
  expect(await cli.run('reproduce', bundle.folder)).toMatchObject({
    exitCode: 1,
    out: 'not reproduced: expected SourceDataInvalid; the run succeeded\n',
  });
  expect(cli.files('failure')).toEqual(before);
});

describe('a bundle of somebody else', () => {
  async function foreign(): Promise<{ readonly cli: Command; readonly folder: string }> {
    const cli = command();
    cli.write('home/s3/inbox/in/a.csv', ragged);
    return { cli, folder: (await bundled(cli, cli.flow(names))).folder };
  }
  const changed = (folder: string, name: string, change: (value: Record<string, unknown>) => object) => {
    const file = path.join(folder, name);
    const value = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
    writeFileSync(file, JSON.stringify(change(value)));
  };

  test('with broken JSON is bad input', async () => {
    const { cli, folder } = await foreign();
    writeFileSync(path.join(folder, 'bundle.json'), '{"code": ');
    expect(await cli.run('reproduce', folder)).toMatchObject({
      exitCode: 2,
      err: expect.stringMatching(/failure\/bundle\.json:1:\d+: not valid JSON/),
    });
  });

  test.each([
    ['no error', { code: 7 }, 'code'],
    ['a parameter that no run has', { parameters: { shell: 'sh' } }, 'parameters.shell'],
    ['a bucket that leads out', { buckets: ['..'] }, 'buckets[0]'],
    ['a bucket that is a path', { buckets: ['inbox', '/etc'] }, 'buckets[1]'],
    ['a bucket that is a path of Windows', { buckets: ['..\\..\\etc'] }, 'buckets[0]'],
  ])('with %s is bad input', async (_, members, at) => {
    const { cli, folder } = await foreign();
    changed(folder, 'bundle.json', (index) => ({ ...index, ...members }));
    expect(await cli.run('reproduce', folder)).toMatchObject({
      exitCode: 2,
      out: '',
      err: expect.stringContaining(`failure/bundle.json: ${at}: `),
    });
  });

  test('makes no folder outside', async () => {
    const { cli, folder } = await foreign();
    const outside = path.join(temporaryFolder(), 'made');
    const [target] = orders.destinationFlowConfigList;
    const S3 = {
      ...target.destinationConnectorProperties.S3,
      bucketName: path.join('..', '..', '..', outside),
    };
    changed(folder, 'flow.json', (flow) => ({
      ...flow,
      destinationFlowConfigList: [{ ...target, destinationConnectorProperties: { S3 } }],
    }));
    expect(await cli.run('reproduce', folder)).toMatchObject({
      exitCode: 2,
      err: expect.stringContaining('no name of a bucket'),
    });
    expect(existsSync(outside)).toBe(false);
  });

  test('reads through no link', async () => {
    const { cli, folder } = await foreign();
    symlinkSync(cli.write('mine.csv', 'id,name\n'), path.join(folder, 's3/inbox/in/b.csv'));
    expect(await cli.run('reproduce', folder)).toMatchObject({
      exitCode: 2,
      err: expect.stringMatching(/b\.csv: a bundle holds files and folders alone; got a link/),
    });
  });

  test('reads no connection outside', async () => {
    const { cli, folder } = await foreign();
    changed(folder, 'flow.json', (flow) => ({ ...flow, ...customSource('../../mine', 'issues') }));
    expect(await cli.run('reproduce', folder)).toMatchObject({
      exitCode: 2,
      err: expect.stringContaining('the name of a connection leads out of its folder; got ../../mine'),
    });
  });
});

test('a database is asked by no bundle: its connector would open a connection', async () => {
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const cli = command();
  Object.assign(cli.env, { DB_USER: 'eva', DB_PASSWORD: 'very-secret' });
  cli.write('connections/db.json', {
    connectorProfileName: 'db',
    connectorType: 'CustomConnector',
    connectorLabel: 'JDBC',
    connectorProfileProperties: { driver: 'postgresql', hostname: '127.0.0.1', port, database: 'shop' },
    credentials: { username: '${env:DB_USER}', password: '${env:DB_PASSWORD}' },
  });
  const bundle = await bundled(cli, cli.flow(customSource('db', 'public.orders')));
  const why =
    'failure cannot be met again: JDBC connects by itself, and no kept answer can stand in for what it is told';
  expect(bundle.text).toContain(`This ${why}.`);
  expect(bundle.text).not.toMatch(/## Again|tributary reproduce|very-secret/);
  const before = connections;
  expect(before).toBeGreaterThan(0);
  expect(await cli.run('reproduce', bundle.folder)).toEqual({
    exitCode: 2,
    out: '',
    err: `flow orders: this ${why}; read its README.md, run.json and explanation.json\n`,
  });
  expect(connections).toBe(before);
});

describe('an application that is written to', () => {
  const api = (refusal: (path: string) => object | undefined) =>
    startServer((request, response) => {
      const { url = '' } = request;
      const refused = refusal(url);
      response.writeHead(refused ? 403 : 200, { 'content-type': 'application/json' });
      if (refused) response.end(JSON.stringify(refused));
      else if (url === '/services/oauth2/token')
        response.end('{"access_token":"very-secret","token_type":"Bearer"}');
      else response.end(JSON.stringify(account));
    });
  const account = {
    name: 'Account',
    label: 'Account',
    queryable: true,
    createable: true,
    fields: [
      { name: 'Id', type: 'id', filterable: true, sortable: true },
      { name: 'Name', type: 'string', length: 255, createable: true, filterable: true, sortable: true },
    ],
  };
  const disabled = [
    { message: 'The REST API is not enabled for this Organization.', errorCode: 'API_DISABLED_FOR_ORG' },
  ];
  const named = {
    ...map('name'),
    connectorOperator: { S3: 'NO_OP' },
    destinationField: 'Name',
  };

  test.each([
    ['is asked what it takes', '/describe', 'DescribeSource'],
    ['is given records', '/composite', 'LoadDestination'],
  ])('and refuses as it %s is met again, with its connection and its error bucket', async (_, part, step) => {
    const server = await api((url) => (url.includes(part) ? disabled : undefined));
    const cli = command();
    Object.assign(cli.env, { SF_ID: 'client', SF_SECRET: 'very-secret' });
    cli.write('home/s3/inbox/in/a.csv', 'id,name\n1,Ada\n');
    cli.write('home/s3/refused/.keep', '');
    cli.write('connections/org.json', {
      connectorProfileName: 'org',
      connectorType: 'Salesforce',
      connectorProfileProperties: { instanceUrl: 'https://acme.my.salesforce.com' },
      endpoint: server.endpoint,
      credentials: { clientId: '${env:SF_ID}', clientSecret: '${env:SF_SECRET}' },
    });
    const flow = cli.flow({
      destinationFlowConfigList: [
        {
          connectorType: 'Salesforce',
          connectorProfileName: 'org',
          destinationConnectorProperties: {
            Salesforce: {
              object: 'Account',
              writeOperationType: 'INSERT',
              dataTransferApi: 'REST_SYNC',
              errorHandlingConfig: { bucketName: 'refused', failOnFirstDestinationError: false },
            },
          },
        },
      ],
      tasks: [{ ...orders.tasks[0], sourceFields: ['name'] }, named],
    });
    const bundle = await bundled(cli, flow);
    await server.close();
    expect(bundle.code).toBe('AccessDenied');
    expect(JSON.parse(cli.read('failure/explanation.json'))).toMatchObject({
      failed: { step, entity: 'Account' },
    });
    expect(bundle.text).not.toMatch(/very-secret/);
    expect(cli.files('failure/connections')).toEqual(['org.json']);
    expect(await again(bundle)).toMatchObject({
      exitCode: 0,
      reproduced: true,
      got: { message: expect.stringContaining('The REST API is not enabled for this Organization.') },
    });
  });
});
