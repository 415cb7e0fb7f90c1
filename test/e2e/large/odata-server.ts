import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { root } from '../../../scripts/build-lambda.ts';

const project = join(root, 'test/e2e/odata');
const folder = join(root, 'test/e2e/.state/odata');

export interface ODataServer {
  readonly endpoint: string;
  /** Writes a table's rows as the database holds them, one JSON text a line, into a file. */
  dump(table: string, file: string): Promise<void>;
  /** Changes the database while the server reads it. */
  run(sql: string): Promise<void>;
  stop(): Promise<void>;
}

/** SAP's own server (CAP) in a folder of its own, its database filled anew. */
export async function startODataServer(): Promise<ODataServer> {
  await install();
  await rm(join(folder, 'shop.sqlite'), { force: true });
  await output('node_modules/.bin/cds-deploy', []);
  await output('rows.mjs', ['seed']);
  const child = spawn(process.execPath, ['node_modules/.bin/cds-serve'], {
    cwd: folder,
    env: { PATH: process.env.PATH, PORT: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const port = await portOf(child.stdout);
  return {
    endpoint: `http://127.0.0.1:${port}`,
    dump: async (table, file) => writeFile(file, await output('rows.mjs', ['dump', table])),
    run: async (sql) => {
      await output('rows.mjs', ['run', sql]);
    },
    async stop() {
      child.kill();
      await once(child, 'close');
    },
  };
}

/** Like test/e2e/setup.sh: does nothing where it is there already. */
async function install(): Promise<void> {
  const lock = await readFile(join(project, 'package-lock.json'), 'utf8');
  const installed = await readFile(join(folder, 'installed'), 'utf8').catch(() => '');
  if (installed !== lock) await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await cp(project, folder, { recursive: true });
  if (installed === lock) return;
  const npm = spawn('npm', ['ci', '--no-audit', '--no-fund'], { cwd: folder, stdio: 'ignore' });
  const [code] = await once(npm, 'close');
  if (code !== 0) throw new Error(`npm ci in ${folder} ended with ${code}`);
  await writeFile(join(folder, 'installed'), lock);
}

async function output(script: string, options: readonly string[]): Promise<string> {
  const child = spawn(process.execPath, [script, ...options], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const closed = once(child, 'close');
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)]);
  const [code] = await closed;
  if (code !== 0) throw new Error(`${script} ${options[0] ?? ''} ended with ${code}: ${err}`);
  return out;
}

async function portOf(stdout: NodeJS.ReadableStream): Promise<string> {
  for await (const line of createInterface({ input: stdout })) {
    const [, port] = /listening on .*localhost:(\d+)/.exec(line) ?? [];
    if (port === undefined) continue;
    // Read on, or the server stands still when the pipe is full.
    stdout.resume();
    return port;
  }
  throw new Error('the server ended before it listened');
}
