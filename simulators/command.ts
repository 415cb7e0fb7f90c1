/** `npm run simulator -- stripe --port 8085 --records 20000 --faults 429,reset --seed 1` */

import { parseArgs } from 'node:util';
import { faultKinds, isFaultKind } from './faults.ts';
import { vendors } from './registry.ts';
import { type Simulator, startSimulator } from './simulator.ts';
import type { Vendor } from './vendor.ts';

const usage = `npm run simulator -- VENDOR [--port 8085] [--records 20000] [--changes 3] [--faults KINDS|all] [--every 5] [--seed 1]

VENDOR   ${Object.keys(vendors).join(', ')}
KINDS    ${faultKinds.join(',')}
changes  records that change after every answer
every    one request in about so many meets a fault; 2 at least`;

/** Starts what the arguments say. @throws Error with the usage, if they are wrong */
export async function startFromArguments(
  args: readonly string[],
): Promise<{ simulator: Simulator; text: string }> {
  const { values, positionals } = parsed(args);
  const [name = ''] = positionals;
  const vendor = Object.hasOwn(vendors, name) ? vendors[name] : undefined;
  if (!vendor || positionals.length > 1) throw new Error(usage);
  const number = (text: string): number => {
    if (!/^\d+$/.test(text)) throw new Error(`${text} is not a whole number\n\n${usage}`);
    return Number(text);
  };
  const kinds = values.faults === 'all' ? faultKinds : values.faults.split(',').filter((kind) => kind !== '');
  const known = kinds.filter(isFaultKind);
  if (known.length < kinds.length) throw new Error(`there is no such fault\n\n${usage}`);
  const options = {
    port: number(values.port),
    records: number(values.records),
    changes: number(values.changes),
    seed: number(values.seed),
  };
  const every = number(values.every);
  if (every < 2) throw new Error(`--every ${every} is below 2\n\n${usage}`);
  const simulator = await startSimulator(vendor, options).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EADDRINUSE') throw error;
    throw new Error(`port ${values.port} is in use, by another simulator perhaps; choose another: --port`);
  });
  simulator.inject({ kinds: known, every });
  return { simulator, text: introduction(name, vendor, simulator.endpoint) };
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        port: { type: 'string', default: '8085' },
        records: { type: 'string', default: '20000' },
        changes: { type: 'string', default: '3' },
        faults: { type: 'string', default: '' },
        every: { type: 'string', default: '5' },
        seed: { type: 'string', default: '1' },
      },
    });
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : error}\n\n${usage}`);
  }
}

/** What to type next. */
export function introduction(name: string, vendor: Vendor, endpoint: string): string {
  const lines = exampleCommands(name, vendor, endpoint).map(({ environment, args }) =>
    [
      ...Object.entries(environment).map(([key, value]) => `${key}=${value}`),
      'npx tsx bin/tributary.ts',
      ...args.map(quoted),
    ].join(' '),
  );
  const first = `${vendor.connector}, simulated, on ${endpoint}. In another terminal:`;
  return [first, '', 'mkdir -p .tributary/s3/lake', ...lines].join('\n');
}

/** For a shell, to which `;` would end the command. */
function quoted(arg: string): string {
  return /^[\w./:=@,+-]+$/.test(arg) ? arg : `'${arg}'`;
}

export interface ExampleCommand {
  /** Credentials, which have no place on a command line. */
  readonly environment: Readonly<Record<string, string>>;
  readonly args: readonly string[];
}

/** The README's example with this vendor. */
export function exampleCommands(name: string, vendor: Vendor, endpoint: string): ExampleCommand[] {
  const [auth] = vendor.auth;
  const [{ entityName }] = vendor.flows;
  const variable = (key: string) => `SIMULATED_${key.replaceAll(/([A-Z])/g, '_$1').toUpperCase()}`;
  // A person consents to the token; it is no credential that is given.
  const given = Object.entries(auth.credentials).filter(([key]) => key !== 'refreshToken');
  const settings = Object.entries({ ...vendor.settings, ...auth.settings });
  const flow = `examples/simulated/${name}.yaml`;
  const plain = (...args: readonly string[]): ExampleCommand => ({ environment: {}, args });
  return [
    {
      environment: Object.fromEntries(given.map(([key, value]) => [variable(key), value])),
      args: [
        ...['connection', 'create', name, '--connector', vendor.connector, '--endpoint', endpoint],
        ...(auth.name ? ['--auth', auth.name] : []),
        ...settings.flatMap(([key, value]) => ['--set', `${key}=${value}`]),
        ...given.flatMap(([key]) => ['--secret', `${key}=env:${variable(key)}`]),
      ],
    },
    plain('connection', 'test', name),
    plain('discover', name, entityName),
    plain('preview', flow, '--limit', '2'),
    plain('run', flow),
  ];
}
