// npm run test:e2e [-- <vitest arguments>]: sets the emulated cloud up, starts it, bootstraps the CDK, runs the tests, stops it.
// KEEP=1 leaves the cloud running and prints how to reach it.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, openSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';

const HERE = import.meta.dirname;
const ROOT = path.join(HERE, '../..');
const STATE = path.join(HERE, '.state');

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}

/** The variables that make an unmodified CDK and AWS SDK talk to the emulated cloud. */
function environment(port: number): NodeJS.ProcessEnv {
  const { AWS_PROFILE: _profile, AWS_SESSION_TOKEN: _token, ...inherited } = process.env;
  return {
    ...inherited,
    // An IP address: with a host name the SDK asks for <bucket>.<host>.
    AWS_ENDPOINT_URL: `http://127.0.0.1:${port}`,
    AWS_ACCESS_KEY_ID: 'testing',
    AWS_SECRET_ACCESS_KEY: 'testing',
    AWS_REGION: 'eu-central-1',
    AWS_DEFAULT_REGION: 'eu-central-1',
    CDK_DEFAULT_ACCOUNT: '123456789012',
    CDK_DEFAULT_REGION: 'eu-central-1',
    AWS_EC2_METADATA_DISABLED: 'true',
    CDK_DISABLE_CLI_TELEMETRY: 'true',
  };
}

async function reachable(url: string, seconds: number): Promise<void> {
  const until = Date.now() + seconds * 1000;
  while (Date.now() < until) {
    try {
      await fetch(url);
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
  throw new Error(
    `The emulated cloud did not answer within ${seconds} s; see ${path.join(STATE, 'cloud.log')}`,
  );
}

async function main(): Promise<number> {
  mkdirSync(STATE, { recursive: true });
  execFileSync(path.join(HERE, 'setup.sh'), { stdio: 'inherit' });
  const port = await freePort();
  const env = environment(port);
  const log = openSync(path.join(STATE, 'cloud.log'), 'w');
  const python = path.join(STATE, 'venv/bin/python3');
  const cloud = spawn(python, ['-m', 'emulator', String(port), STATE, ROOT], {
    cwd: path.join(HERE, 'cloud'),
    env,
    stdio: ['ignore', log, log],
    detached: process.env.KEEP === '1',
  });
  try {
    await reachable(`http://127.0.0.1:${port}/lab/iam`, 60);
    const cdk = path.join(ROOT, 'node_modules/.bin/cdk');
    // Outside the repository: inside, the CDK would synthesise its app first.
    const target = `aws://${env.CDK_DEFAULT_ACCOUNT}/${env.CDK_DEFAULT_REGION}`;
    execFileSync(cdk, ['bootstrap', target, '--no-notices', '--ci'], {
      cwd: STATE,
      env,
      stdio: ['ignore', log, log],
    });
    const vitest = path.join(ROOT, 'node_modules/.bin/vitest');
    const config = path.join(HERE, 'vitest.config.ts');
    const run = spawnSync(vitest, ['run', '--config', config, ...process.argv.slice(2)], {
      cwd: ROOT,
      env,
      stdio: 'inherit',
    });
    return run.status ?? 1;
  } finally {
    if (process.env.KEEP === '1') {
      console.log(`The emulated cloud runs on at ${env.AWS_ENDPOINT_URL} (process ${cloud.pid}).`);
      cloud.unref();
    } else {
      cloud.kill('SIGTERM');
    }
  }
}

process.exitCode = await main();
