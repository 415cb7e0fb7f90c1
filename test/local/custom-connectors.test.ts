import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { connectorProcess, type LocalConnector } from '../../local/connector-process.ts';
import { findRegistration, processHost } from '../../local/custom-connectors.ts';
import { secretServer } from '../../local/secret-server.ts';
import { registrationOf } from '../support/scripted-connector.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const node = (code: string): LocalConnector => ({ command: [process.execPath, '--eval', code] });
const lines = (body: string) =>
  node(`require('readline').createInterface({ input: process.stdin }).on('line', (line) => { ${body} })`);
const start = (local: LocalConnector, folder = '.') =>
  connectorProcess(local, folder, process.env, 'AcmeCRM');

describe('a process', () => {
  test('answers one request after the other', async () => {
    const running = start(
      lines('console.log(JSON.stringify({ got: JSON.parse(line).n, pid: process.pid }))'),
    );
    const answers = await Promise.all([1, 2, 3].map((n) => running.invoke({ n }, 10_000)));
    const [{ pid }] = answers as [{ pid: number }];
    expect(answers).toEqual([1, 2, 3].map((got) => ({ got, pid })));
  });

  test('that ends is told of, and started again', async () => {
    const running = start(lines("if (line.includes('1')) process.exit(3); console.log('{}')"));
    await expect(running.invoke({ n: 1 }, 10_000)).rejects.toMatchObject({
      code: 'ServerError',
      context: { got: 'exit code 3' },
    });
    expect(await running.invoke({ n: 2 }, 10_000)).toEqual({});
  });

  test('that ends after an answer is started again for the next', async () => {
    const running = start(lines('console.log(JSON.stringify({ pid: process.pid })); process.exit()'));
    const { pid } = (await running.invoke({ n: 1 }, 10_000)) as { pid: number };
    await vi.waitFor(() => expect(() => process.kill(pid, 0)).toThrow(), 10_000);
    expect(await running.invoke({ n: 2 }, 10_000)).not.toEqual({ pid });
  });

  test('that does not answer is given up', async () => {
    await expect(start(lines('')).invoke({}, 300)).rejects.toMatchObject({ code: 'RequestTimeout' });
  });

  test('that prints something else is not quoted', async () => {
    await expect(start(lines("console.log('secret log')")).invoke({}, 10_000)).rejects.toMatchObject({
      code: 'ConnectorProtocol',
      message: expect.not.stringContaining('secret log'),
    });
  });

  test('may give no more than a function may', async () => {
    const large = lines("console.log(JSON.stringify({ text: 'x'.repeat(6 * 1024 * 1024) }))");
    await expect(start(large).invoke({}, 20_000)).rejects.toMatchObject({
      context: { vendorCode: 'AnswerTooLarge' },
    });
  });

  test('that is not there is named', async () => {
    await expect(start({ command: ['no-such-program'] }).invoke({}, 10_000)).rejects.toMatchObject({
      code: 'ResourceNotFoundError',
      message: expect.stringContaining('no-such-program'),
    });
  });

  test('may be a module with a handler', async () => {
    const folder = temporaryFolder();
    await writeFile(
      path.join(folder, 'acme.mjs'),
      'export const connect = async (event) => ({ type: event.type, by: process.env.MODE });',
    );
    const local = { module: 'acme.mjs', handler: 'connect', environment: { MODE: 'test' } };
    expect(await start(local, folder).invoke({ type: 'x' }, 10_000)).toEqual({ type: 'x', by: 'test' });
  });
});

describe('credentials', () => {
  const ask = async (url: string, SecretId: string, target = 'GetSecretValue') => {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'x-amz-target': `secretsmanager.${target}` },
      body: JSON.stringify({ SecretId }),
    });
    return { status: response.status, ...((await response.json()) as object) };
  };

  test('are told by ARN and by name, to whoever knows the address', async () => {
    const server = await secretServer();
    const arn = server.put('tributary/crm', { apiKey: 'a' });
    server.put('tributary/crm', { apiKey: 'b' });
    const told = { status: 200, ARN: arn, Name: 'tributary/crm', SecretString: '{"apiKey":"b"}' };
    expect(await ask(server.url, arn)).toMatchObject(told);
    expect(await ask(`${server.url}/`, 'tributary/crm')).toMatchObject(told);
    expect(await ask(server.url, 'tributary/other')).toMatchObject({
      status: 400,
      __type: 'ResourceNotFoundException',
    });
    expect(await ask(server.url, arn, 'PutSecretValue')).toMatchObject({ status: 400 });
    expect(await ask(new URL('/', server.url).href, arn)).toMatchObject({ status: 403 });
  });

  test('reach a connector by the address in its environment, of OAuth 2 the token alone', async () => {
    const code = `const { AWS_ENDPOINT_URL_SECRETS_MANAGER: url } = process.env;
      fetch(url, { method: 'POST', headers: { 'x-amz-target': 'secretsmanager.GetSecretValue' }, body: JSON.stringify({ SecretId: JSON.parse(line).arn }) })
        .then((response) => response.json()).then(({ SecretString }) => console.log(SecretString));`;
    const host = processHost(lines(code), '.', process.env, 'AcmeCRM');
    const arn = await host.secretArn('crm', { username: 'u', password: 'p' });
    expect(await host.invoke({ arn }, 10_000)).toEqual({ username: 'u', password: 'p' });
    const token = await host.tokenSecretArn('crm', 't');
    expect(await host.invoke({ arn: token }, 10_000)).toEqual({ accessToken: 't', refreshToken: '' });
  });

  test('a connector that is a function alone says what to do', async () => {
    const host = processHost(undefined, '.', {}, 'AcmeCRM');
    await expect(host.invoke({}, 1_000)).rejects.toMatchObject({ code: 'NotRunnable' });
  });
});

test('registrations are found by label, in the first folder that has one', async () => {
  const folder = temporaryFolder();
  const [first, second] = ['first', 'second'].map((name) => path.join(folder, name)) as [string, string];
  for (const [index, each] of [first, second].entries()) {
    await mkdir(each);
    const registration = registrationOf({}, { description: String(index) });
    await writeFile(path.join(each, 'acme.json'), JSON.stringify(registration));
  }
  const folders = [path.join(folder, 'none'), first, second];
  expect(await findRegistration('AcmeCRM', folders)).toMatchObject({
    file: path.join(first, 'acme.json'),
    registration: { description: '0' },
  });
  expect(await findRegistration('Other', folders)).toBeUndefined();
});
