/** The command in process: a terminal that remembers, a clock of its own, a folder that is gone afterwards. */

import { existsSync, mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { tributary } from '../../cli/program.ts';
import type { Shell } from '../../cli/shell.ts';
import { type FakeClock, fakeClock } from '../support/memory-home.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

export interface Ran {
  readonly exitCode: number;
  readonly out: string;
  readonly err: string;
}

export interface Command {
  readonly folder: string;
  readonly clock: FakeClock;
  readonly env: Record<string, string>;
  /** Runs a command line; commands that know a home get that of the folder. */
  run(...args: readonly string[]): Promise<Ran>;
  /** Runs it and parses what it prints. */
  json<T = Record<string, unknown>>(...args: readonly string[]): Promise<T>;
  /** Writes a file of the folder, a day old, so that it lies before every window's end. Answers its path. */
  write(name: string, content: string | Uint8Array | object): string;
  /** A flow from bucket `inbox` to bucket `lake`, with other members as told. */
  flow(more?: object): string;
  /** Files below a folder of the folder. */
  files(below: string): string[];
  read(name: string): string;
  /** What replaces parts of the shell from now on. */
  shell: Partial<Shell>;
}

const withHome = [
  'run',
  'runs',
  'show',
  'explain',
  'verify',
  'replay',
  'cancel',
  'start',
  'stop',
  'reset',
  'preview',
  'discover',
  'compare',
  'connection',
];
const withConnections = [
  'validate',
  'run',
  'replay',
  'start',
  'preview',
  'discover',
  'connection',
  'connectors',
];

export function command(options: { readonly interactive?: boolean } = {}): Command {
  const folder = temporaryFolder();
  const clock = fakeClock();
  const env: Record<string, string> = {};
  const made: Command = {
    folder,
    clock,
    env,
    shell: {},
    async run(...args) {
      let out = '';
      let err = '';
      const [name = ''] = args;
      const here = !args.includes('--aws') && !args.includes('--home');
      const located = [
        ...(here && withHome.includes(name) ? ['--home', path.join(folder, 'home')] : []),
        ...(here && withConnections.includes(name)
          ? ['--connections', path.join(folder, 'connections')]
          : []),
      ];
      const terminal = {
        out: (text: string) => {
          out += `${text}\n`;
        },
        err: (text: string) => {
          err += text;
        },
        interactive: options.interactive ?? false,
      };
      const exitCode = await tributary([...args, ...located], terminal, {
        clock,
        env,
        onInterrupt: () => () => undefined,
        ...made.shell,
      });
      return { exitCode, out, err };
    },
    async json<T>(...args: readonly string[]) {
      const { out } = await made.run(...args, '--json');
      return JSON.parse(out) as T;
    },
    write(name, content) {
      const file = path.join(folder, name);
      mkdirSync(path.dirname(file), { recursive: true });
      const isText = typeof content === 'string' || content instanceof Uint8Array;
      writeFileSync(file, isText ? content : JSON.stringify(content));
      const dayBefore = clock.now() / 1000 - 86_400;
      utimesSync(file, dayBefore, dayBefore);
      return file;
    },
    flow(more = {}) {
      return made.write('flows/orders.json', { ...orders, ...more });
    },
    files(below) {
      const root = path.join(folder, below);
      if (!existsSync(root)) return [];
      const entries = readdirSync(root, { recursive: true, withFileTypes: true });
      return entries
        .filter((entry) => entry.isFile())
        .map((entry) => path.relative(root, path.join(entry.parentPath, entry.name)))
        .sort();
    },
    read: (name) => readFileSync(path.join(folder, name), 'utf8'),
  };
  made.write('home/s3/inbox/in/a.csv', 'id,rating\n1,Hot\n2,Warm\n3,Hot\n');
  mkdirSync(path.join(folder, 'home/s3/lake'));
  return made;
}

/** What `Command.flow` writes. */
export const orders = {
  flowName: 'orders',
  triggerConfig: { triggerType: 'OnDemand' },
  sourceFlowConfig: {
    connectorType: 'S3',
    sourceConnectorProperties: { S3: { bucketName: 'inbox', bucketPrefix: 'in' } },
  },
  destinationFlowConfigList: [
    {
      connectorType: 'S3',
      destinationConnectorProperties: {
        S3: {
          bucketName: 'lake',
          s3OutputFormatConfig: {
            fileType: 'JSON',
            prefixConfig: { pathPrefixHierarchy: ['EXECUTION_ID'] },
            aggregationConfig: { aggregationType: 'SingleFile' },
          },
        },
      },
    },
  ],
  tasks: [
    {
      taskType: 'Filter',
      sourceFields: ['id', 'rating'],
      connectorOperator: { S3: 'PROJECTION' },
      taskProperties: {},
    },
    map('id'),
    map('rating'),
  ],
} as const;

export function map(field: string): object {
  return {
    taskType: 'Map',
    sourceFields: [field],
    connectorOperator: { S3: 'NO_OP' },
    destinationField: field,
    taskProperties: {},
  };
}

export const scheduled = {
  triggerConfig: {
    triggerType: 'Scheduled',
    triggerProperties: {
      Scheduled: { scheduleExpression: 'rate(1hours)', dataPullMode: 'Incremental' },
    },
  },
};

/** A flow's source that a connection leads to. */
export function customSource(connectorProfileName: string, entityName: string): object {
  return {
    sourceFlowConfig: {
      connectorType: 'CustomConnector',
      connectorProfileName,
      apiVersion: 'v1.0',
      sourceConnectorProperties: { CustomConnector: { entityName } },
    },
    tasks: [
      {
        taskType: 'Filter',
        sourceFields: ['id'],
        connectorOperator: { CustomConnector: 'PROJECTION' },
        taskProperties: {},
      },
      {
        taskType: 'Map',
        sourceFields: ['id'],
        connectorOperator: { CustomConnector: 'NO_OP' },
        destinationField: 'id',
        taskProperties: {},
      },
    ],
  };
}
