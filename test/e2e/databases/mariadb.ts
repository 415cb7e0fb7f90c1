import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface TestMariaDb {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly username: string;
  readonly password: string;
  stop(): Promise<void>;
}

/**
 * Starts a MariaDB of its own in a temporary folder, on a free loopback port. Needs `mariadbd` and `mariadb-install-db`
 * on the PATH (Debian: `apt-get install mariadb-server`); as root it runs as that package's user `mysql`.
 */
export async function startMariaDb(): Promise<TestMariaDb> {
  const folder = await mkdtemp(join(tmpdir(), 'tributary-mariadb-'));
  await chmod(folder, 0o777);
  const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin`, TZ: 'America/New_York' };
  const owner = process.getuid?.() === 0 ? ['--user=mysql'] : [];
  const data = `--datadir=${join(folder, 'data')}`;
  const installed = spawnSync(
    'mariadb-install-db',
    ['--no-defaults', ...owner, data, '--auth-root-authentication-method=normal', '--skip-test-db'],
    { env, encoding: 'utf8' },
  );
  if (installed.status !== 0) throw new Error(`mariadb-install-db: ${installed.error ?? installed.stderr}`);

  const username = 'admin';
  const password = 'p@ss:word/?#';
  const bootstrap = join(folder, 'bootstrap.sql');
  await writeFile(
    bootstrap,
    // One statement a line.
    `CREATE DATABASE shop;\nCREATE USER ${username} IDENTIFIED BY '${password}';\nGRANT ALL ON *.* TO ${username} WITH GRANT OPTION;\n`,
  );
  const port = await freePort();
  const server = spawn(
    'mariadbd',
    [
      '--no-defaults',
      ...owner,
      data,
      `--port=${port}`,
      '--bind-address=127.0.0.1',
      `--socket=${join(folder, 's')}`,
    ].concat(['--skip-name-resolve', '--innodb-flush-log-at-trx-commit=0', `--init-file=${bootstrap}`]),
    { env, cwd: folder },
  );
  let log = '';
  await new Promise<void>((resolve, reject) => {
    server.stderr.on('data', (chunk) => {
      log += String(chunk);
      if (/ready for connections/.test(log)) resolve();
    });
    server.once('error', reject);
    server.once('close', () => reject(new Error(`mariadbd ended: ${log}`)));
  });
  return { host: '127.0.0.1', port, database: 'shop', username, password, stop };

  async function stop() {
    const closed = once(server, 'close');
    if (server.exitCode === null && server.kill('SIGTERM')) await closed;
    await rm(folder, { recursive: true, force: true });
  }
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
