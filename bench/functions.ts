/**
 * The memory of a flow's functions: what AWS runs, bundled as it is deployed, in processes that have the memory of these functions and no
 * more; against an S3 whose source object is made as it is read, or a vendor's pages. What it says: docs/performance.md.
 */

import { type ChildProcess, fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { controlMemory } from '../core/flow/function-memory.ts';
import { stateMachine } from '../core/flow/state-machine.ts';
import { localExecutionArn } from '../local/executions.ts';
import { systemClock } from '../local/home.ts';
import { interpret } from '../local/interpreter.ts';
import { localObjectStore } from '../local/object-store.ts';
import { buildLambda } from '../scripts/build-lambda.ts';
import { connectionOf, variableOf } from './flows.ts';
import type { Outcome } from './function.ts';
import { type FunctionCase, functionCases } from './function-cases.ts';
import { servePages } from './pages.ts';
import { makeRecords } from './records.ts';
import type { FunctionResult } from './results.ts';
import { serveS3 } from './s3-server.ts';

const cache = fileURLToPath(new URL('.cache', import.meta.url));
const programs = join(cache, 'functions');
/** 34 MB. */
const blockRecords = 50_000;
const stateBucket = 'tributary-state-local';
const credentials = { apiKey: 'none' };

/**
 * Prints a table as it goes.
 *
 * @param streamGb of the source that is read in 512 MB
 * @throws Error naming the functions that needed more memory than they have
 */
export async function benchFunctions(streamGb: number): Promise<FunctionResult[]> {
  await buildLambda(programs, ['bench/function.ts']);
  const file = join(cache, `source-${blockRecords}`, 'jsonl/records.jsonl');
  await mkdir(join(file, '..'), { recursive: true });
  await makeRecords(file, 'jsonl', blockRecords);
  console.log('| functions | input GB | seconds | MB/s | transfer: peak MiB | of | commit: peak MiB | of |');
  console.log(`|${' --- |'.repeat(8)}`);
  const results: FunctionResult[] = [];
  for (const one of functionCases) {
    const result = await measure(one, file, one.gb ?? streamGb);
    const { inputMb, seconds, transfer, control } = result;
    const peaks = [transfer, control].flatMap(({ peakMib, memory }) => [Math.round(peakMib), memory]);
    const speed = Math.round(inputMb / seconds);
    console.log(
      `| ${one.name} | ${(inputMb / 1000).toFixed(1)} | ${Math.round(seconds)} | ${speed} | ${peaks.join(' | ')} |`,
    );
    results.push(result);
  }
  const complaints = results.flatMap(({ name, transfer, control }) =>
    Object.entries({ transfer, control }).flatMap(([role, { peakMib, memory }]) =>
      peakMib <= memory ? [] : [`${name}: ${role} took ${Math.round(peakMib)} MiB, and has ${memory}`],
    ),
  );
  if (complaints.length > 0) throw new Error(complaints.join('\n'));
  return results;
}

async function measure(one: FunctionCase, file: string, gb: number): Promise<FunctionResult> {
  const home = join(cache, 'functions-home');
  await rm(home, { recursive: true, force: true });
  await mkdir(join(home, 's3/lake'), { recursive: true });
  await mkdir(join(home, 'connections'));
  const objects = localObjectStore({ home, mounts: { [stateBucket]: home } });
  const block = await readFile(file);
  const times = Math.max(1, Math.round((gb * 1e9) / block.length));
  const isObject = one.source === 'object';
  const made = { bucket: 'source', key: 'jsonl/records', size: block.length * times, block };
  const s3 = await serveS3(objects, isObject ? made : undefined);
  const vendor = isObject ? undefined : await servePages(file, times);
  const connection = connectionOf('Pages', credentials, { endpoint: vendor?.endpoint });
  await writeFile(join(home, 'connections/bench.json'), JSON.stringify(connection));
  const functions = {
    transfer: start(one.memory, one.name, home, s3.endpoint),
    control: start(controlMemory, one.name, home),
  };
  const peaks = { transfer: 0, control: 0 };
  const began = performance.now();
  try {
    const name = randomUUID();
    const ended = await interpret(
      stateMachine({ functions: { control: 'control', transfer: 'transfer' }, maxConcurrency: 1 }),
      {
        Execution: {
          Id: localExecutionArn(name),
          Name: name,
          StartTime: new Date().toISOString(),
          Input: {},
        },
      },
      {
        async invoke(role, payload) {
          const of = role as keyof typeof functions;
          const outcome = await ask(functions[of], payload);
          if ('error' in outcome) throw Object.assign(new Error(outcome.error.message), outcome.error);
          peaks[of] = Math.max(peaks[of], (outcome.peakRssMb * 1e6) / 2 ** 20);
          return outcome.result;
        },
        readItems: async (bucket, key) =>
          JSON.parse(Buffer.from(await objects.read(bucket, key)).toString()) as unknown[],
        clock: systemClock,
        random: Math.random,
      },
    );
    const { status } = ended as { status?: string };
    if (status !== 'Successful') throw new Error(`${one.name}: ${JSON.stringify(ended)}`);
  } finally {
    for (const process of Object.values(functions)) process.kill();
    s3.close();
    vendor?.close();
  }
  return {
    name: one.name,
    inputMb: (block.length * times) / 1e6,
    seconds: (performance.now() - began) / 1000,
    transfer: { peakMib: peaks.transfer, memory: one.memory },
    control: { peakMib: peaks.control, memory: controlMemory },
  };
}

/**
 * Lambda leaves a tenth of the memory to V8's young generation, and the rest to the old one (the bootstrap of its Node.js runtime).
 *
 * @param memory MB
 */
function start(memory: number, ...args: readonly string[]): ChildProcess {
  const young = Math.floor(memory / 10);
  const env = { ...process.env, [variableOf('apiKey')]: credentials.apiKey };
  return fork(join(programs, 'function.mjs'), args, {
    env: { ...env, AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(memory) },
    execArgv: [
      '--no-warnings',
      `--max-semi-space-size=${Math.floor(young / 2)}`,
      `--max-old-space-size=${memory - young}`,
    ],
    // Its log is not what is asked for.
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
}

/** @throws Error if the function's process has died, of too little memory for example */
async function ask(process: ChildProcess, payload: unknown): Promise<Outcome> {
  const answered = once(process, 'message').then(([outcome]) => outcome as Outcome);
  const died = once(process, 'exit').then(([code, signal]) => {
    throw new Error(`the function's process ended with ${code ?? signal}`);
  });
  died.catch(() => undefined);
  process.send(payload as object);
  return Promise.race([answered, died]);
}
