/** `tributary explain --bundle`, and what its README says, in an empty folder on another machine. */

import { cpSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { startServer } from '../support/http-server.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { type Command, command, map, orders } from './command.ts';

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
  const { executionId, error } = await cli.json<{ executionId: string; error: { code: string } }>(
    'run',
    flow,
  );
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
