/** Connections from their making to their end, against a vendor on this machine. */

import { chmodSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { afterEach, describe, expect, onTestFinished, test } from 'vitest';
import type { AwsBackend } from '../../cli/backend.ts';
import { secretsManagerSecrets } from '../../lambdas/aws/secrets.ts';
import { fakeClient, serviceError } from '../support/fake-client.ts';
import { startServer } from '../support/http-server.ts';
import { memoryStateStore } from '../support/memory-state-store.ts';
import { type OAuthVendor, oauthVendor } from '../support/oauth-server.ts';
import { type Command, command, type Ran } from './command.ts';

interface Asked {
  readonly question: string;
  readonly hidden: boolean;
}

/** Answers in order. */
function person(cli: Command, ...answers: readonly string[]): Asked[] {
  const asked: Asked[] = [];
  const left = [...answers];
  cli.shell = {
    ...cli.shell,
    prompt: {
      async ask(question, { hidden = false } = {}) {
        asked.push({ question, hidden });
        const answer = left.shift();
        if (answer === undefined) throw new Error(`the test has no answer to ${question}`);
        return answer;
      },
    },
  };
  return asked;
}

async function withVendor(
  cli: Command,
): Promise<{ vendor: OAuthVendor; endpoint: string; opened: string[] }> {
  const vendor = oauthVendor({ now: cli.clock.now, rotates: true });
  const server = await vendor.listen();
  onTestFinished(() => server.close());
  const opened: string[] = [];
  cli.shell = {
    ...cli.shell,
    prompt: undefined,
    openBrowser: (url) => {
      opened.push(url);
      void fetch(url);
    },
  };
  vendors.push({ vendor, cli });
  return { vendor, endpoint: server.endpoint, opened };
}

const vendors: { vendor: OAuthVendor; cli: Command }[] = [];
const told: Ran[] = [];

function remember(cli: Command): Command {
  const { run } = cli;
  cli.run = async (...args) => {
    const ran = await run(...args);
    told.push(ran);
    return ran;
  };
  return cli;
}

/** Nothing that is secret was said, or lies anywhere but in the file for it. */
afterEach(() => {
  for (const { vendor, cli } of vendors.splice(0)) {
    const outputs = told.map(({ out, err }) => out + err).join('\n');
    for (const secret of vendor.secrets) expect(outputs).not.toContain(secret);
    for (const entry of readdirSync(cli.folder, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const file = path.join(entry.parentPath, entry.name);
      if (path.basename(entry.parentPath) === 'secrets') {
        expect((statSync(file).mode & 0o777).toString(8), file).toBe('600');
        continue;
      }
      const content = readFileSync(file, 'latin1');
      for (const secret of vendor.secrets) expect(content, file).not.toContain(secret);
    }
  }
  told.length = 0;
});

const client = ['--secret', 'clientId=env:ID', '--secret', 'clientSecret=env:SECRET'];
const clientEnv = { ID: 'client-1', SECRET: 'hush-hush-secret' };

describe('a connection with OAuth', () => {
  async function created() {
    const cli = remember(command());
    const { vendor, endpoint, opened } = await withVendor(cli);
    Object.assign(cli.env, clientEnv);
    const args = ['--connector', 'GitHub', '--auth', 'authorizationCode', '--endpoint', endpoint, ...client];
    const ran = await cli.run('connection', 'create', 'gh', '--set', 'owner=octocat', ...args);
    return { cli, vendor, endpoint, opened, ran };
  }

  const secretOf = (cli: Command): Record<string, string> => JSON.parse(cli.read('home/secrets/gh.json'));

  test('is consented to in the browser, tested and stored', async () => {
    const { cli, vendor, endpoint, opened, ran } = await created();
    expect(ran).toMatchObject({
      exitCode: 0,
      out: `gh: works, authorizationCode; credentials in ${path.join(cli.folder, 'home', 'secrets')}\n`,
    });
    const url = new URL(opened[0] ?? '');
    expect(url.origin + url.pathname).toBe(`${endpoint}/login/oauth/authorize`);
    expect(Object.fromEntries(url.searchParams)).toEqual({
      response_type: 'code',
      client_id: 'client-1',
      redirect_uri: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/callback$/),
      scope: 'repo read:org',
      state: expect.stringMatching(/^[\w-]{43}$/),
    });
    expect(ran.err).toContain(url.href);
    expect(vendor.tokenRequests).toEqual([
      {
        grant_type: 'authorization_code',
        code: expect.any(String),
        redirect_uri: url.searchParams.get('redirect_uri'),
        client_id: 'client-1',
        client_secret: 'hush-hush-secret',
      },
    ]);
    expect(vendor.served).toEqual(['/user']);
    expect(cli.read('connections/gh.yaml')).toBe(
      `connectorProfileName: gh\nconnectorType: CustomConnector\nconnectorLabel: GitHub\nconnectorProfileProperties:\n  owner: octocat\nendpoint: ${endpoint}\n`,
    );
    expect(secretOf(cli)).toEqual({
      clientId: 'client-1',
      clientSecret: 'hush-hush-secret',
      refreshToken: expect.stringMatching(/^refresh-/),
      consentedAt: '2026-02-03T10:15:00.000Z',
    });
  });

  test('renews its token when it is used, and is named when consent is gone', async () => {
    const { cli, vendor } = await created();
    expect(await cli.run('connection', 'test', 'gh')).toMatchObject({ exitCode: 0, out: 'gh: works\n' });
    expect(vendor.isGood(secretOf(cli).refreshToken ?? '')).toBe(true);
    vendor.revoke(secretOf(cli).refreshToken ?? '');
    vendor.endTokens();
    for (let run = 0; run < 2; run++) {
      const { exitCode, err } = await cli.run('connection', 'test', 'gh');
      expect(exitCode).toBe(2);
      expect(err).toMatch(/^connection gh: expired or revoked: .*`tributary connection edit gh`/);
    }
    expect(vendor.tokenRequests).toHaveLength(3);
    expect(cli.read('home/events.jsonl').trim().split('\n')).toHaveLength(1);
    expect((await cli.run('connection', 'list')).out).toMatch(
      /^gh {2}GitHub {2}needs consent since 2026-02-03T/,
    );

    expect(await cli.run('connection', 'edit', 'gh')).toMatchObject({ exitCode: 0 });
    expect(await cli.run('connection', 'test', 'gh')).toMatchObject({ exitCode: 0 });
    expect((await cli.run('connection', 'list')).out).toBe('gh  GitHub  stored\n');
  });

  test('is copied without what OAuth gave', async () => {
    const { cli } = await created();
    const { out } = await cli.run('connection', 'copy', 'gh', 'gh2');
    expect(out).toContain('gh2: without credentials; then run `tributary connection edit gh2`');
    expect(cli.files('home/secrets')).not.toContain('gh2.json');
    expect(cli.read('connections/gh2.yaml')).toBe(
      cli.read('connections/gh.yaml').replace(': gh\n', ': gh2\n'),
    );
  });

  test('is not made if the person declines', async () => {
    const cli = remember(command());
    const { endpoint } = await withVendor(cli);
    Object.assign(cli.env, clientEnv);
    cli.shell = {
      ...cli.shell,
      openBrowser: (url) => {
        const { searchParams } = new URL(url);
        const answer = new URL(searchParams.get('redirect_uri') ?? '');
        const state = searchParams.get('state') ?? '';
        // Somebody else's answer changes nothing.
        answer.search = '?code=stolen&state=guessed';
        void fetch(answer).then((response) => {
          expect(response.status).toBe(400);
          answer.search = `?error=access_denied&error_description=no+thanks&state=${state}`;
          return fetch(answer);
        });
      },
    };
    const args = ['--connector', 'GitHub', '--auth', 'authorizationCode', '--endpoint', endpoint, ...client];
    const { exitCode, err } = await cli.run('connection', 'create', 'gh', ...args);
    expect(exitCode).toBe(2);
    expect(err).toMatch(/there is no consent: the vendor says "access_denied"; got no thanks\n$/);
    expect(cli.files('connections')).toEqual([]);
    expect(cli.files('home/secrets')).toEqual([]);
  });
});

describe('a connection with a key', () => {
  async function github(answer: { status: number; headers?: Record<string, string>; message?: string }) {
    const cli = remember(command());
    cli.shell = { prompt: undefined };
    const keys: (string | undefined)[] = [];
    const server = await startServer((request, response) => {
      keys.push(request.headers.authorization);
      response.writeHead(answer.status, {
        'content-type': 'application/json',
        date: new Date(cli.clock.now()).toUTCString(),
        ...answer.headers,
      });
      response.end(JSON.stringify({ message: answer.message ?? '' }));
    });
    onTestFinished(() => server.close());
    const base = ['--connector', 'GitHub', '--endpoint', server.endpoint];
    return { cli, keys, base };
  }

  test('is asked for: what is secret, hidden', async () => {
    const { cli, keys, base } = await github({ status: 200 });
    const asked = person(cli, '2', 'octocat', '', 'the-secret-key');
    const ran = await cli.run('connection', 'create', 'gh', ...base);
    expect(ran).toMatchObject({ exitCode: 0, out: expect.stringMatching(/^gh: works, apiKey; /) });
    expect(asked).toEqual([
      {
        question:
          'How to authenticate:\n  1  OAuth 2, consent in the browser\n  2  Personal access token\nNumber [1]: ',
        hidden: false,
      },
      {
        question: 'Owner (The user or organization that the repository belongs to.) [none]: ',
        hidden: false,
      },
      { question: 'Repository (Its name, without the owner and without .git.) [none]: ', hidden: false },
      { question: 'apiKey: ', hidden: true },
    ]);
    expect(keys).toEqual(['Bearer the-secret-key']);
    expect(JSON.parse(cli.read('home/secrets/gh.json'))).toEqual({ apiKey: 'the-secret-key' });
    expect(cli.read('connections/gh.yaml')).toContain('owner: octocat');
    expect(ran.out + ran.err).not.toContain('the-secret-key');
  });

  test('is edited: what is not answered stays, comments too', async () => {
    const { cli, keys, base } = await github({ status: 200 });
    cli.env.KEY = 'first-key';
    await cli.run('connection', 'create', 'gh', ...base, '--auth', 'apiKey', '--secret', 'apiKey=env:KEY');
    cli.write('connections/gh.yaml', `# ours\n${cli.read('connections/gh.yaml')}`);
    const asked = person(cli, 'octocat', '', '');
    expect(await cli.run('connection', 'edit', 'gh')).toMatchObject({ exitCode: 0 });
    expect(asked.at(-1)).toEqual({ question: 'apiKey [unchanged]: ', hidden: true });
    expect(keys.at(-1)).toBe('Bearer first-key');
    expect(cli.read('connections/gh.yaml')).toMatch(/^# ours\n[\s\S]*owner: octocat\n/);
  });

  test.each([
    ['wrong or revoked', { status: 401, message: 'Bad credentials' }],
    ['expired', { status: 401, message: 'the token has expired' }],
    ['revoked', { status: 401, message: 'this token was revoked' }],
    [
      'a scope is missing (repo, admin)',
      { status: 403, headers: { 'x-accepted-oauth-scopes': 'repo, admin' } },
    ],
    [
      'a scope is missing (read write)',
      {
        status: 403,
        headers: { 'www-authenticate': 'Bearer error="insufficient_scope", scope="read write"' },
      },
    ],
    ['wrong host', { status: 404 }],
    [
      "clock skew: this machine's clock is 900 s ahead of the vendor's",
      { status: 401, headers: { date: 'Tue, 03 Feb 2026 10:00:00 GMT' } },
    ],
  ])('that is %s is not stored', async (cause, answer) => {
    const { cli, base } = await github(answer);
    cli.env.KEY = 'the-secret-key';
    const args = [...base, '--auth', 'apiKey', '--secret', 'apiKey=env:KEY'];
    const { exitCode, err } = await cli.run('connection', 'create', 'gh', ...args);
    expect(exitCode).toBe(2);
    expect(err).toContain(`connection gh: ${cause}: GitHub: the vendor`);
    expect(err).not.toContain('the-secret-key');
    expect(cli.files('home/secrets')).toEqual([]);
    expect(cli.files('connections')).toEqual([]);
  });

  test('is copied with it, listed and deleted', async () => {
    const { cli, base } = await github({ status: 200 });
    cli.env.KEY = 'the-secret-key';
    await cli.run('connection', 'create', 'gh', ...base, '--auth', 'apiKey', '--secret', 'apiKey=env:KEY');
    await cli.run('connection', 'copy', 'gh', 'gh2');
    expect(await cli.run('connection', 'test', 'gh2')).toMatchObject({ exitCode: 0 });
    cli.write(
      'connections/ci.yaml',
      'connectorProfileName: ci\nconnectorType: CustomConnector\nconnectorLabel: GitHub\ncredentials: { apiKey: "${env:KEY}" }\n',
    );
    cli.write(
      'connections/new.yaml',
      'connectorProfileName: new\nconnectorType: CustomConnector\nconnectorLabel: GitHub\n',
    );
    expect((await cli.run('connection', 'list')).out).toBe(
      'ci   GitHub  environment\ngh   GitHub  stored\ngh2  GitHub  stored\nnew  GitHub  none\n',
    );
    expect(await cli.json('connection', 'list')).toContainEqual({
      name: 'gh',
      connector: 'GitHub',
      file: path.join(cli.folder, 'connections', 'gh.yaml'),
      credentials: 'stored',
    });
    expect(await cli.run('connection', 'delete', 'gh')).toMatchObject({
      exitCode: 2,
      err: expect.stringContaining('--yes'),
    });
    expect(await cli.run('connection', 'delete', 'gh', '--yes')).toMatchObject({ exitCode: 0 });
    expect(cli.files('home/secrets')).toEqual(['gh2.json']);
    expect(cli.files('connections')).toEqual(['ci.yaml', 'gh2.yaml', 'new.yaml']);
  });

  test.each([
    [['--secret', 'apiKey=the-secret-key'], 'a secret is not given on the command line itself'],
    [['--secret', 'apiKey=env:NO_SUCH'], 'the environment variable is not set; got NO_SUCH'],
    [['--secret', 'password=env:KEY'], 'no such credential; got password; expected apiKey'],
    [['--set', 'ownr=x'], 'the connector has no such setting; got ownr; expected owner, repo'],
    [[], 'there is nobody to ask for --secret apiKey=env:VARIABLE'],
  ])('is refused with %j', async (args, message) => {
    const { cli, keys, base } = await github({ status: 200 });
    cli.env.KEY = 'the-secret-key';
    const ran = await cli.run('connection', 'create', 'gh', ...base, '--auth', 'apiKey', ...args);
    expect(ran.exitCode).toBe(2);
    expect(ran.err).toContain(message);
    expect(ran.err).not.toContain('the-secret-key');
    expect(keys).toEqual([]);
    expect(cli.files('connections')).toEqual([]);
  });

  test.each([
    ['gh', ['--connector', 'GitHb'], 'no such connector; got GitHb'],
    ['gh', ['--connector', 'S3'], 'Amazon S3 needs no connection'],
    ['gh', ['--connector', 'GitHub'], 'several ways to authenticate; expected authorizationCode or apiKey'],
    ['../gh', ['--connector', 'GitHub', '--auth', 'apiKey'], 'this name cannot be a file'],
  ])('named %s is refused with %j', async (name, args, message) => {
    const { cli } = await github({ status: 200 });
    const { exitCode, err } = await cli.run('connection', 'create', name, ...args);
    expect(exitCode).toBe(2);
    expect(err).toContain(message);
  });

  test('whose file others may read is refused', async () => {
    const { cli, base } = await github({ status: 200 });
    cli.env.KEY = 'the-secret-key';
    await cli.run('connection', 'create', 'gh', ...base, '--auth', 'apiKey', '--secret', 'apiKey=env:KEY');
    chmodSync(path.join(cli.folder, 'home/secrets/gh.json'), 0o644);
    expect((await cli.run('connection', 'test', 'gh')).err).toContain('others may read this secret');
  });
});

describe('a deployed connection', () => {
  function deployed(secret: object | Error) {
    const cli = remember(command());
    const { client, calls } = fakeClient<SecretsManagerClient>({
      GetSecretValue: secret,
      PutSecretValue: {},
    });
    cli.shell = {
      prompt: undefined,
      openSecrets: async () => secretsManagerSecrets(client),
      openAws: async () =>
        ({
          state: memoryStateStore(),
          place: 'AWS account 123456789012, eu-central-1',
        }) as unknown as AwsBackend,
    };
    cli.env.KEY = 'the-secret-key';
    const folder = path.join(cli.folder, 'connections');
    const key = [
      '--auth',
      'apiKey',
      '--secret',
      'apiKey=env:KEY',
      '--no-test',
      '--connections',
      folder,
      '--aws',
    ];
    return { cli, calls, key, folder };
  }
  const empty = serviceError(
    'ResourceNotFoundException',
    400,
    "can't find the value for staging label: AWSCURRENT",
  );
  const SecretId = 'tributary/gh-fb2b7fce';

  test('gets its credentials into its secret', async () => {
    const { cli, calls, key } = deployed(empty);
    const ran = await cli.run('connection', 'create', 'gh', '--connector', 'GitHub', ...key);
    expect(ran.out).toBe(
      'gh: not tested, apiKey; credentials in Secrets Manager, AWS account 123456789012, eu-central-1\n',
    );
    expect(calls.at(-1)).toEqual({
      command: 'PutSecretValue',
      input: { SecretId, SecretString: '{"apiKey":"the-secret-key"}' },
    });
    expect(cli.files('home/secrets')).toEqual([]);
  });

  test('that is not deployed yet has its file, and is told how to go on', async () => {
    const { cli, calls, key } = deployed(
      serviceError('ResourceNotFoundException', 400, "Secrets Manager can't find the specified secret."),
    );
    const { exitCode, err } = await cli.run('connection', 'create', 'gh', '--connector', 'GitHub', ...key);
    expect(exitCode).toBe(2);
    expect(err).toContain(
      'the connection is not deployed; deploy its file with `cdk deploy`, then run `tributary connection edit gh --aws`',
    );
    expect(cli.files('connections')).toEqual(['gh.yaml']);
    expect(calls.map(({ command }) => command)).toEqual(['GetSecretValue']);
  });

  test('loses its credentials and keeps its secret', async () => {
    const { cli, calls, folder } = deployed({ SecretString: '{"apiKey":"k"}' });
    cli.write(
      'connections/gh.yaml',
      'connectorProfileName: gh\nconnectorType: CustomConnector\nconnectorLabel: GitHub\n',
    );
    const ran = await cli.run('connection', 'delete', 'gh', '--yes', '--aws', '--connections', folder);
    expect(ran.exitCode).toBe(0);
    expect(calls.slice(-2)).toEqual([
      { command: 'PutSecretValue', input: { SecretId, SecretString: '{}' } },
      { command: 'PutSecretValue', input: { SecretId, SecretString: '{}' } },
    ]);
    expect(cli.files('connections')).toEqual(['gh.yaml']);
  });
});
