/** Whatever is wrong with the input: a text that helps, exit code 2, nothing written, no request sent. */

import { once } from 'node:events';
import { existsSync, rmSync } from 'node:fs';
import net, { type AddressInfo } from 'node:net';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type LocalServer, startServer } from '../support/http-server.ts';
import { type Command, command, customSource, map, orders, scheduled } from './command.ts';

let server: LocalServer;
let requests = 0;
beforeAll(async () => {
  server = await startServer((_request, response) => {
    requests++;
    response.end('[]');
  });
});
afterAll(() => server.close());

/** A port of this machine at which nobody listens. */
async function closedPort(): Promise<number> {
  const listener = net.createServer().listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address() as AddressInfo;
  listener.close();
  await once(listener, 'close');
  return port;
}

const [projection] = orders.tasks;

function connection(cli: Command, name: string, more: object): void {
  cli.write(`connections/${name}.json`, {
    connectorProfileName: name,
    connectorType: 'CustomConnector',
    ...more,
  });
}

function gitHub(cli: Command): void {
  connection(cli, 'gh', {
    connectorLabel: 'GitHub',
    connectorProfileProperties: { owner: 'o', repo: 'r' },
    endpoint: server.endpoint,
    credentials: { apiKey: '${env:GITHUB_TOKEN}' },
  });
}

function database(cli: Command, port: number): void {
  connection(cli, 'db', {
    connectorLabel: 'JDBC',
    connectorProfileProperties: { driver: 'postgresql', hostname: '127.0.0.1', port, database: 'shop' },
    credentials: { username: '${env:DB_USER}', password: '${env:DB_PASSWORD}' },
  });
}

interface Case {
  readonly name: string;
  /** Prepares the folder; answers the arguments of the command, or the flow's file to run. */
  readonly given: (cli: Command) => string | readonly string[] | Promise<string | readonly string[]>;
  readonly told: readonly string[];
}

const cases: readonly Case[] = [
  {
    name: 'malformed JSON',
    given: (cli) => cli.write('flows/orders.json', '{ "flowName": "orders",\n  "tasks": [ }'),
    told: ['flows/orders.json:2:14: not valid JSON'],
  },
  {
    name: 'malformed YAML',
    given: (cli) => cli.write('flows/orders.yaml', 'flowName: orders\ntasks: [a, b\nx: 1\n'),
    told: ['flows/orders.yaml:3:1: not valid YAML'],
  },
  {
    name: 'a file that is not there',
    given: () => 'flows/none.json',
    told: ['flows/none.json: there is no such file'],
  },
  {
    name: 'a member that AppFlow does not know',
    given: (cli) => cli.flow({ trigerConfig: {} }),
    told: ['orders.json: trigerConfig', "did you mean 'triggerConfig'?"],
  },
  {
    name: 'several mistakes, all at once',
    given: (cli) => cli.flow({ flowName: 'no spaces', tasks: 'none', kmsArn: 1 }),
    told: ['orders.json: flowName', 'orders.json: tasks', 'orders.json: kmsArn'],
  },
  {
    name: 'an operator that the source does not have',
    given: (cli) => cli.flow({ tasks: [projection, { ...map('id'), connectorOperator: { S3: 'NOOP' } }] }),
    told: ['orders.json: tasks[1].connectorOperator.S3', '"NOOP"', "did you mean 'NO_OP'?"],
  },
  {
    name: 'no projection',
    given: (cli) => cli.flow({ tasks: [map('id')] }),
    told: ['orders.json: tasks', 'PROJECTION'],
  },
  {
    name: 'a connector that this version does not have',
    given: (cli) =>
      cli.flow({
        sourceFlowConfig: {
          connectorType: 'Singular',
          connectorProfileName: 'm',
          sourceConnectorProperties: { Singular: { object: 'leads' } },
        },
        tasks: [{ taskType: 'Map_all', sourceFields: [], taskProperties: {} }],
      }),
    told: [
      'flow orders: this version cannot run the flow',
      'not runnable in this version: sourceFlowConfig.connectorType: this version has no source Singular',
    ],
  },
  {
    name: 'a connection that is not there',
    given: (cli) => cli.flow(customSource('nowhere', 'issues')),
    told: ['there is no such connection', 'a file nowhere.yaml or nowhere.json in'],
  },
  {
    name: 'a connection with a connector that nobody knows',
    given: (cli) => {
      connection(cli, 'gh', { connectorLabel: 'GitHup' });
      return cli.flow(customSource('gh', 'issues'));
    },
    told: ["this version has no source GitHup; did you mean 'GitHub'?"],
  },
  {
    name: 'an entity that GitHub does not have',
    given: (cli) => {
      cli.env.GITHUB_TOKEN = 't0ken';
      gitHub(cli);
      return cli.flow(customSource('gh', 'isues'));
    },
    told: ['ResourceNotFoundError: GitHub: there is no such entity; got isues; expected one of issues'],
  },
  {
    name: 'a field that GitHub does not have',
    given: (cli) => {
      cli.env.GITHUB_TOKEN = 't0ken';
      gitHub(cli);
      const { sourceFlowConfig } = customSource('gh', 'issues') as { sourceFlowConfig: object };
      const tasks = [
        {
          taskType: 'Filter',
          sourceFields: ['titel'],
          connectorOperator: { CustomConnector: 'PROJECTION' },
          taskProperties: {},
        },
        { ...map('titel'), connectorOperator: { CustomConnector: 'NO_OP' } },
      ];
      return cli.flow({ sourceFlowConfig, tasks });
    },
    told: ['SchemaChanged', 'titel'],
  },
  {
    name: 'an environment variable that is not set',
    given: (cli) => {
      gitHub(cli);
      return cli.flow(customSource('gh', 'issues'));
    },
    told: ['InvalidCredentials', 'GITHUB_TOKEN'],
  },
  {
    name: 'a connection without credentials',
    given: (cli) => {
      connection(cli, 'gh', {
        connectorLabel: 'GitHub',
        connectorProfileProperties: { owner: 'o', repo: 'r' },
        endpoint: server.endpoint,
      });
      return cli.flow(customSource('gh', 'issues'));
    },
    told: ['InvalidCredentials', 'connection gh', 'refer to environment variables under `credentials`'],
  },
  {
    name: 'a database that cannot be reached',
    given: async (cli) => {
      Object.assign(cli.env, { DB_USER: 'u', DB_PASSWORD: 's3cret' });
      database(cli, await closedPort());
      return cli.flow(customSource('db', 'public.orders'));
    },
    told: [
      'DescribeSource failed, trying again in 2.0 s: ',
      'DescribeSource failed, trying again in 4.0 s: ',
      'ConnectorUnreachable',
      '127.0.0.1',
    ],
  },
  {
    name: 'a CSV line that is too short',
    given: (cli) => {
      cli.write('home/s3/inbox/in/a.csv', 'id,rating\n1,Hot\n2\n');
      return cli.flow();
    },
    told: ['SourceDataInvalid', 's3://inbox/in/a.csv line 3'],
  },
  {
    name: 'a CSV file with a quote that is never closed',
    given: (cli) => {
      cli.write('home/s3/inbox/in/a.csv', 'id,rating\n1,"Hot\n2,Warm\n');
      return cli.flow();
    },
    told: ['SourceDataInvalid', 's3://inbox/in/a.csv line 2'],
  },
  {
    name: 'a CSV file that is not UTF-8',
    given: (cli) => {
      cli.write('home/s3/inbox/in/a.csv', Buffer.from('id,rating\n1,H\xf6t\n', 'latin1'));
      return cli.flow();
    },
    told: ['SourceDataInvalid', 's3://inbox/in/a.csv line 2', 'UTF-8'],
  },
  {
    name: 'a source bucket that is not there',
    given: (cli) => {
      rmSync(path.join(cli.folder, 'home/s3/inbox'), { recursive: true });
      return cli.flow();
    },
    told: ['ResourceNotFoundError', 's3://inbox', '--mount inbox=FOLDER'],
  },
  {
    name: 'a destination bucket that is not there',
    given: (cli) => {
      rmSync(path.join(cli.folder, 'home/s3/lake'), { recursive: true });
      return cli.flow();
    },
    told: ['ResourceNotFoundError', 's3://lake', 'the destination bucket does not exist'],
  },
  {
    name: 'a mapped field that the source no longer has',
    given: (cli) => {
      cli.write('home/s3/inbox/in/a.csv', 'id,grade\n1,Hot\n');
      return cli.flow();
    },
    told: ['SchemaChanged', 'rating'],
  },
  {
    name: '--from after --to',
    given: (cli) => ['run', cli.flow(scheduled), '--from', '2026-02-02', '--to', '2026-02-01'],
    told: ['--from is not before --to; got --from 2026-02-02 --to 2026-02-01'],
  },
  {
    name: '--from in the future',
    given: (cli) => ['run', cli.flow(scheduled), '--from', '2099-01-01'],
    told: ['InvalidArgument', 'the window is empty', '2099-01-01'],
  },
  {
    name: '--from with --full',
    given: (cli) => ['run', cli.flow(scheduled), '--from', '2026-01-01', '--full'],
    told: ['--full reads from the beginning; leave out either --full or --from'],
  },
  {
    name: 'a time without a zone',
    given: (cli) => ['run', cli.flow(), '--to', '2026-01-01T10:00:00'],
    told: ['--to takes a time; got 2026-01-01T10:00:00; expected a date, or a time with its zone'],
  },
  ...['0', '-1', '1.5', 'abc', ''].map((limit) => ({
    name: `--limit '${limit}'`,
    given: (cli: Command) => ['run', cli.flow(), `--limit=${limit}`],
    told: [`--limit takes a number; got ${limit}; expected a whole number from 1 on`],
  })),
  {
    name: 'runs with a limit that is no number',
    given: () => ['runs', 'orders', '--limit', 'many'],
    told: ['--limit takes a number; got many'],
  },
  {
    name: 'preview with a limit that is no number',
    given: (cli) => ['preview', cli.flow(), '--limit', '0'],
    told: ['--limit takes a number; got 0'],
  },
  {
    name: 'a mount that is none',
    given: (cli) => ['run', cli.flow(), '--mount', 'inbox'],
    told: ['not a mount; got inbox; expected --mount BUCKET=FOLDER'],
  },
  {
    name: 'a bucket name that leads out of the home',
    given: (cli) =>
      cli.flow({
        sourceFlowConfig: {
          connectorType: 'S3',
          sourceConnectorProperties: { S3: { bucketName: '../..', bucketPrefix: 'in' } },
        },
      }),
    told: ['"../.."'],
  },
  {
    name: 'a command that is not there',
    given: () => ['rum', 'x'],
    told: ["error: unknown command 'rum'", '(Did you mean run?)'],
  },
  {
    name: 'an option that is not there',
    given: (cli) => ['run', cli.flow(), '--dryrun'],
    told: ["error: unknown option '--dryrun'", '(Did you mean --dry-run?)'],
  },
  {
    name: 'an argument too few',
    given: () => ['run'],
    told: ["error: missing required argument 'flow'"],
  },
  {
    name: '--region without --aws',
    given: (cli) => ['run', cli.flow(), '--region', 'eu-central-1'],
    told: ['--region goes with --aws; add --aws'],
  },
  {
    name: '--home with --aws',
    given: (cli) => ['run', cli.flow(), '--aws', '--home', 'x'],
    told: ["error: option '--aws' cannot be used with option '--home <dir>'"],
  },
];

describe('bad input', () => {
  test.each(cases)('$name', async ({ given, told }) => {
    const cli = command();
    requests = 0;
    const args = await given(cli);
    const { exitCode, out, err } = await cli.run(...(typeof args === 'string' ? ['run', args] : args));
    for (const fragment of told) expect(err).toContain(fragment);
    expect({ exitCode, lake: cli.files('home/s3/lake'), requests }).toEqual({
      exitCode: 2,
      lake: [],
      requests: 0,
    });
    expect(err).not.toMatch(/s3cret|t0ken|\n {4}at /);
    expect(out).not.toContain('Successful');
  });

  test('of a definition leaves no trace at all', async () => {
    const cli = command();
    await cli.run('run', cli.flow({ trigerConfig: {} }));
    await cli.run('run', cli.flow(), '--limit', '0');
    await cli.run('run', cli.flow(customSource('nowhere', 'issues')));
    expect(existsSync(path.join(cli.folder, 'home/state'))).toBe(false);
    expect(existsSync(path.join(cli.folder, 'home/events.jsonl'))).toBe(false);
  });
});
