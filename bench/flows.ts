/**
 * The whole local run of a flow beside DuckDB. The two take turns, each in a process of its own; medians are compared, and so
 * are the contents of what they wrote. What it says: docs/performance.md.
 */

import { execFile } from 'node:child_process';
import { mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { build } from 'esbuild';
import { type Case, cases } from './cases.ts';
import { makeRecords } from './records.ts';
import type { Usage } from './usage.ts';

const here = fileURLToPath(new URL('.', import.meta.url));
const cache = join(here, '.cache');
const programs = join(cache, 'programs');

export interface FlowBenchOptions {
  readonly records: number;
  readonly rounds: number;
  /** Of cases; default all. */
  readonly names?: readonly string[] | undefined;
}

interface Sample extends Usage {
  readonly rows: number;
}

interface Side extends Usage {
  /** Input records and bytes per CPU second. */
  readonly rowsPerSecond: number;
  readonly mbPerSecond: number;
  readonly outputMb: number;
}

interface Result {
  readonly case: string;
  readonly comparedWith: string;
  readonly records: number;
  readonly inputMb: number;
  readonly rowsWritten: number;
  /** CPU seconds of the other by ours: above 1 we are faster. */
  readonly ratio: number;
  readonly ours: Side;
  readonly theirs: Side;
}

/** The whole local run of a flow beside DuckDB, limited to one thread, doing the same work. Writes bench/results/latest.json. */
export async function benchFlows({ records, rounds, names }: FlowBenchOptions): Promise<void> {
  const chosen = cases.filter(({ name }) => names?.includes(name) ?? true);
  if (chosen.length === 0) {
    throw new Error(`expected cases among ${cases.map(({ name }) => name).join(', ')}, got ${names}`);
  }
  await bundle();
  const duckdb = await (await DuckDBInstance.create()).connect();
  const version = String((await duckdb.runAndReadAll('SELECT version()')).getRows()[0]?.[0]);
  const results: Result[] = [];
  for (const one of chosen) {
    const result = await measure(one, { records, rounds, duckdb, version });
    console.log(lineOf(result, results.length === 0));
    results.push(result);
  }
  await mkdir(join(here, 'results'), { recursive: true });
  const machine = { node: process.version, duckdb: version, cpu: cpus()[0]?.model, cores: cpus().length };
  await writeFile(
    join(here, 'results/latest.json'),
    `${JSON.stringify({ measuredAt: new Date().toISOString(), ...machine, rounds, results }, null, 2)}\n`,
  );
}

interface Bench {
  readonly records: number;
  readonly rounds: number;
  readonly duckdb: DuckDBConnection;
  readonly version: string;
}

/** As the package ships it: compiled, dependencies beside it. */
async function bundle(): Promise<void> {
  await rm(programs, { recursive: true, force: true });
  await build({
    absWorkingDir: join(here, '..'),
    entryPoints: ['bench/tributary.ts', 'bench/duckdb.ts'],
    outdir: programs,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    packages: 'external',
    alias: { '#core': './core/index.ts' },
    logLevel: 'warning',
  });
}

async function measure(one: Case, { records, rounds, duckdb, version }: Bench): Promise<Result> {
  const source = join(cache, `source-${records}`);
  const file = join(source, one.input, `records.${one.input}`);
  await mkdir(join(source, one.input), { recursive: true });
  await makeRecords(file, records);
  const ours: Sample[] = [];
  const theirs: Sample[] = [];
  const home = join(cache, 'home');
  const lake = join(home, 's3/lake');
  const other = join(cache, 'duckdb');
  for (let round = 0; round < rounds; round++) {
    await rm(home, { recursive: true, force: true });
    await mkdir(lake, { recursive: true });
    ours.push(await child('tributary', one.name, home, source));
    await rm(other, { recursive: true, force: true });
    await mkdir(other);
    const target = join(other, one.file);
    theirs.push(await child('duckdb', `COPY (${one.query(file)}) TO '${target}' (${one.copy})`));
  }
  await compare(duckdb, one, lake, other);
  const inputMb = (await stat(file)).size / 1e6;
  const [mine, its] = [medianOf(ours), medianOf(theirs)];
  if (mine.rows !== its.rows) throw new Error(`${one.name}: ${mine.rows} rows, DuckDB ${its.rows}`);
  return {
    case: one.name,
    comparedWith: `DuckDB ${version}, 1 thread`,
    records,
    inputMb,
    rowsWritten: mine.rows,
    ratio: its.cpuSeconds / mine.cpuSeconds,
    ours: await sideOf(mine, records, inputMb, lake),
    theirs: await sideOf(its, records, inputMb, other),
  };
}

async function child(program: string, ...args: readonly string[]): Promise<Sample> {
  const { stdout } = await promisify(execFile)(process.execPath, [join(programs, `${program}.mjs`), ...args]);
  return JSON.parse(stdout) as Sample;
}

/** Both outputs hold the same rows, each as many times. */
async function compare(duckdb: DuckDBConnection, one: Case, ours: string, theirs: string): Promise<void> {
  const [a, b] = [one.read(ours), one.read(theirs)];
  const differences = `SELECT count(*) FROM ((${a} EXCEPT ALL ${b}) UNION ALL (${b} EXCEPT ALL ${a}))`;
  const [row] = (await duckdb.runAndReadAll(differences)).getRows();
  if (Number(row?.[0]) !== 0) throw new Error(`${one.name}: ${row?.[0]} rows are not in both outputs`);
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
    rowsPerSecond: records / usage.cpuSeconds,
    mbPerSecond: inputMb / usage.cpuSeconds,
    outputMb: sizes.reduce((sum, size) => sum + size, 0) / 1e6,
  };
}

function lineOf({ case: name, ratio, ours, theirs }: Result, first: boolean): string {
  const side = ({ cpuSeconds, wallSeconds, rowsPerSecond, mbPerSecond, peakRssMb, outputMb }: Side) =>
    `${cpuSeconds.toFixed(1)} | ${wallSeconds.toFixed(1)} | ${Math.round(rowsPerSecond / 1000)} | ${Math.round(mbPerSecond)} | ${Math.round(peakRssMb)} | ${Math.round(outputMb)}`;
  const heads = 'CPU s | wall s | k rows/s | MB/s | peak MB | out MB';
  const head = `| case | ratio | ours: ${heads} | DuckDB: ${heads} |\n|${' --- |'.repeat(14)}\n`;
  return `${first ? head : ''}| ${name} | ${ratio.toFixed(2)} | ${side(ours)} | ${side(theirs)} |`;
}
