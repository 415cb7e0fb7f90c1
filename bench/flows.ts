/**
 * The whole local run of a flow beside another program that does the same work. The two take turns, each in a process of its
 * own; medians are compared, and so are the contents of what they wrote. What it says: docs/performance.md.
 */

import { execFile } from 'node:child_process';
import { mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { build } from 'esbuild';
import { packageOptions } from '../scripts/package-options.ts';
import { type Case, cases, type Peer } from './cases.ts';
import { servePages } from './pages.ts';
import { servePostgres } from './postgres.ts';
import { makeRecords } from './records.ts';
import type { Result, Side } from './results.ts';
import type { Usage } from './usage.ts';

const here = fileURLToPath(new URL('.', import.meta.url));
const cache = join(here, '.cache');
const programs = join(cache, 'programs');

export interface FlowBenchOptions {
  readonly records: number;
  readonly rounds: number;
  /** With the cases that `npm run bench` leaves out. Default false. */
  readonly full?: boolean;
  /** Of cases, any; default all that are not left out. */
  readonly names?: readonly string[] | undefined;
  /** Folder for CPU profiles of our runs, which then take longer. */
  readonly profiles?: string | undefined;
  /** Whether pipelines of libraries take part. Default false. */
  readonly libraries?: boolean;
}

interface Sample extends Usage {
  readonly rows: number;
}

/** Peak memory of a run of narrow records, MB. */
const mostMemory = 256;

/** Holds ratios and memory against what they must not fall below or exceed. @throws Error naming the cases that do */
export async function checkFlows(rounds: number): Promise<void> {
  const results = await benchFlows({ records: 100_000, rounds });
  const complaints = results.flatMap(({ case: name, ratio, ours }) => {
    const { floor = 0, input } = cases.find((one) => one.name === name) ?? {};
    return [
      ...(ratio < floor ? [`${name}: the ratio is ${ratio.toFixed(2)}, expected ${floor} at least`] : []),
      ...(input !== 'wide' && ours.peakRssMb > mostMemory
        ? [`${name}: the peak is ${Math.round(ours.peakRssMb)} MB, expected ${mostMemory} at most`]
        : []),
    ];
  });
  if (complaints.length > 0) throw new Error(complaints.join('\n'));
  console.log('No ratio is below its floor, and no peak of memory above its bound.');
}

/** Measures, and prints a table as it goes. */
export async function benchFlows({
  records,
  rounds,
  full,
  names,
  profiles,
  libraries = false,
}: FlowBenchOptions): Promise<Result[]> {
  const chosen = cases.filter((one) => names?.includes(one.name) ?? (full || !one.full));
  const unknown = names?.filter((name) => !cases.some((one) => one.name === name)) ?? [];
  if (unknown.length > 0) {
    throw new Error(`expected cases among ${cases.map(({ name }) => name).join(', ')}, got ${unknown}`);
  }
  await bundle();
  const duckdb = await (await DuckDBInstance.create()).connect();
  const version = String((await duckdb.runAndReadAll('SELECT version()')).getRows()[0]?.[0]);
  const results: Result[] = [];
  for (const one of chosen) {
    const result = await measure(one, { records, rounds, duckdb, version, profiles, libraries });
    console.log(lineOf(result, results.length === 0));
    results.push(result);
  }
  return results;
}

interface Bench {
  readonly records: number;
  readonly rounds: number;
  readonly duckdb: DuckDBConnection;
  readonly version: string;
  readonly profiles: string | undefined;
  readonly libraries: boolean;
}

/** As the package ships it. */
async function bundle(): Promise<void> {
  await rm(programs, { recursive: true, force: true });
  await build({
    ...packageOptions,
    entryPoints: ['tributary', 'duckdb', 'fetch', 'copy', 'libraries'].map((name) => `bench/${name}.ts`),
    outdir: programs,
    outExtension: { '.js': '.mjs' },
  });
}

async function measure(
  one: Case,
  { records: all, rounds, duckdb, version, profiles, libraries }: Bench,
): Promise<Result> {
  const records = Math.max(1, Math.round(all * (one.share ?? 1)));
  const source = join(cache, `source-${records}`);
  const file = join(source, one.input, `records.${one.input}`);
  if (one.source !== 'postgres') {
    await mkdir(join(source, one.input), { recursive: true });
    await makeRecords(file, one.input, records);
  }
  const server = await serve(one.source, file, records);
  const ours: Sample[] = [];
  const theirs: Sample[] = [];
  const ofLibraries: Sample[] = [];
  const pipeline = libraries ? one.libraries : undefined;
  const home = join(cache, 'home');
  const lake = join(home, 's3/lake');
  const other = join(cache, 'peer');
  const third = join(cache, 'libraries');
  try {
    for (let round = 0; round < rounds; round++) {
      await rm(home, { recursive: true, force: true });
      await mkdir(lake, { recursive: true });
      await mkdir(join(home, 'connections'));
      await writeFile(join(home, 'connections/bench.json'), JSON.stringify(server.connection));
      const node = profiles === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profiles}`];
      ours.push(await child(node, server.credentials, 'tributary', one.name, home, source));
      await rm(other, { recursive: true, force: true });
      await mkdir(other);
      theirs.push(await child([], {}, ...peerCommand(one.peer, file, other, server)));
      if (!pipeline) continue;
      await rm(third, { recursive: true, force: true });
      await mkdir(third);
      const { reader, writer } = pipeline;
      const output = join(third, `all.${writer === 'json' ? 'jsonl' : writer}`);
      ofLibraries.push(await child([], {}, 'libraries', reader, writer, file, output));
    }
  } finally {
    await server.close();
  }
  if (one.read) await compare(duckdb, one.name, one.read(lake), one.read(other));
  if (one.read && pipeline) await compare(duckdb, one.name, one.read(lake), one.read(third));
  const inputMb = server.inputMb ?? (await stat(file)).size / 1e6;
  const [mine, its] = [medianOf(ours), medianOf(theirs)];
  if (mine.rows !== its.rows) throw new Error(`${one.name}: ${mine.rows} rows, the other ${its.rows}`);
  const seconds = one.by === 'cpu' ? 'cpuSeconds' : 'wallSeconds';
  return {
    case: one.name,
    comparedWith: {
      duckdb: `DuckDB ${version}, 1 thread`,
      fetch: 'fetch().json() and hyparquet-writer',
      copy: 'COPY … TO STDOUT',
    }[one.peer.kind],
    records,
    inputMb,
    rowsWritten: mine.rows,
    by: one.by,
    ratio: its[seconds] / mine[seconds],
    ours: await sideOf(mine, mine[seconds], records, inputMb, lake),
    theirs: await sideOf(its, its[seconds], records, inputMb, other),
    ...(pipeline && {
      libraries: {
        comparedWith: `${parsers[pipeline.reader]} and ${writers[pipeline.writer]}`,
        ratio: medianOf(ofLibraries)[seconds] / mine[seconds],
        theirs: await sideOf(medianOf(ofLibraries), medianOf(ofLibraries)[seconds], records, inputMb, third),
      },
    }),
  };
}

const parsers = { json: 'readline, JSON.parse', csv: 'csv-parse' };
const writers = { parquet: 'hyparquet-writer', csv: 'csv-stringify', json: 'JSON.stringify' };

interface Server {
  /** The connection `bench`; not used by flows of files. */
  readonly connection: object;
  readonly credentials: Readonly<Record<string, string>>;
  readonly address: string;
  /** Default: the file's. */
  readonly inputMb?: number;
  close(): void | Promise<void>;
}

async function serve(source: Case['source'], file: string, records: number): Promise<Server> {
  switch (source) {
    case 'file':
      return { connection: {}, credentials: {}, address: '', close: () => undefined };
    case 'pages': {
      const { endpoint, close } = await servePages(file);
      const credentials = { apiKey: 'none' };
      const connection = connectionOf('Pages', credentials, { endpoint });
      return { connection, credentials, address: endpoint, close };
    }
    case 'postgres': {
      const { url, tableMb, properties, credentials, close } = await servePostgres(records);
      const connection = connectionOf('JDBC', credentials, { connectorProfileProperties: properties });
      return { connection, credentials, address: url, inputMb: tableMb, close };
    }
  }
}

export function connectionOf(
  connectorLabel: string,
  credentials: Readonly<Record<string, string>>,
  more: object,
): object {
  const references = Object.keys(credentials).map((name) => [name, `\${env:${variableOf(name)}}`]);
  return {
    connectorProfileName: 'bench',
    connectorType: 'CustomConnector',
    connectorLabel,
    credentials: Object.fromEntries(references),
    ...more,
  };
}

function peerCommand(
  peer: Peer,
  file: string,
  folder: string,
  { address }: Server,
): [program: string, ...args: string[]] {
  switch (peer.kind) {
    case 'duckdb':
      return ['duckdb', `COPY (${peer.query(file)}) TO '${join(folder, peer.file)}' (${peer.copy})`];
    case 'fetch':
      return ['fetch', address, join(folder, 'all.parquet')];
    case 'copy':
      return ['copy', address, 'COPY public.records TO STDOUT'];
  }
}

/**
 * @param node arguments of Node.js
 * @param credentials of the connection, whose file names environment variables
 */
async function child(
  node: readonly string[],
  credentials: Readonly<Record<string, string>>,
  program: string,
  ...args: readonly string[]
): Promise<Sample> {
  const variables = Object.entries(credentials).map(([name, value]) => [variableOf(name), value]);
  const [command = '', ...rest] = [
    ...(await onOneCore()),
    process.execPath,
    ...node,
    join(programs, `${program}.mjs`),
    ...args,
  ];
  const env = { ...process.env, ...Object.fromEntries(variables) };
  const { stdout } = await promisify(execFile)(command, rest, { env });
  return JSON.parse(stdout) as Sample;
}

/** Keeps a process, with all its threads, on the last core: servers of the benchmark have the others. Where there is no taskset it has all. */
async function onOneCore(): Promise<readonly string[]> {
  const pin = ['taskset', '--cpu-list', String(availableParallelism() - 1)];
  try {
    await promisify(execFile)('taskset', [...pin.slice(1), 'true']);
    return pin;
  } catch {
    return [];
  }
}

/** Of a credential, whose value the connection's file does not hold. */
export const variableOf = (credential: string): string => `BENCH_${credential.toUpperCase()}`;

/** Both outputs hold the same rows, each as many times. */
async function compare(duckdb: DuckDBConnection, name: string, a: string, b: string): Promise<void> {
  const differences = `SELECT count(*) FROM ((${a} EXCEPT ALL ${b}) UNION ALL (${b} EXCEPT ALL ${a}))`;
  const [row] = (await duckdb.runAndReadAll(differences)).getRows();
  if (Number(row?.[0]) !== 0) throw new Error(`${name}: ${row?.[0]} rows are not in both outputs`);
}

function medianOf(samples: readonly Sample[]): Sample {
  const median = (get: (sample: Sample) => number): number =>
    samples.map(get).sort((a, b) => a - b)[Math.floor(samples.length / 2)] ?? Number.NaN;
  return {
    cpuSeconds: median(({ cpuSeconds }) => cpuSeconds),
    wallSeconds: median(({ wallSeconds }) => wallSeconds),
    peakRssMb: median(({ peakRssMb }) => peakRssMb),
    rows: median(({ rows }) => rows),
  };
}

async function sideOf(
  { rows: _, ...usage }: Sample,
  seconds: number,
  records: number,
  inputMb: number,
  folder: string,
): Promise<Side> {
  const files = await readdir(folder, { recursive: true, withFileTypes: true });
  const sizes = await Promise.all(
    files
      .filter((file) => file.isFile())
      .map(async (file) => (await stat(join(file.parentPath, file.name))).size),
  );
  return {
    ...usage,
    rowsPerSecond: records / seconds,
    mbPerSecond: inputMb / seconds,
    outputMb: sizes.reduce((sum, size) => sum + size, 0) / 1e6,
  };
}

function lineOf({ case: name, ratio, ours, theirs, libraries }: Result, first: boolean): string {
  const side = ({ cpuSeconds, wallSeconds, rowsPerSecond, mbPerSecond, peakRssMb, outputMb }: Side) =>
    `${cpuSeconds.toFixed(1)} | ${wallSeconds.toFixed(1)} | ${Math.round(rowsPerSecond / 1000)} | ${Math.round(mbPerSecond)} | ${Math.round(peakRssMb)} | ${Math.round(outputMb)}`;
  const heads = 'CPU s | wall s | k rows/s | MB/s | peak MB | out MB';
  const head = `| case | ratio | of libraries | ours: ${heads} | the other: ${heads} |\n|${' --- |'.repeat(15)}\n`;
  return `${first ? head : ''}| ${name} | ${ratio.toFixed(2)} | ${libraries?.ratio.toFixed(2) ?? ''} | ${side(ours)} | ${side(theirs)} |`;
}
