// Runs deployed functions in Node child processes, as Lambda's execution environments: one event at a time, warm ones
// used again, time limit, heap limit, an environment of their own. Prints its port; started by functions.py only.
// POST /invoke {pool, folder, environment, timeout, memory, arn, event, kill?} -> {payload, failed, log}; POST /kill {token}
import { fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';

const WORKER = new URL('./function-worker.mjs', import.meta.url).pathname;
const idle = new Map(); // pool -> processes
const running = new Map(); // session token -> process

function start({ folder, environment, memory }, token) {
  const worker = fork(WORKER, [], {
    cwd: folder,
    env: { ...environment, AWS_SESSION_TOKEN: token },
    silent: true,
    execArgv: ['--enable-source-maps', `--max-old-space-size=${memory}`],
  });
  worker.token = token;
  worker.log = '';
  for (const stream of [worker.stdout, worker.stderr]) {
    stream.on('data', (data) => {
      worker.log += data;
    });
  }
  running.set(token, worker);
  worker.on('exit', () => running.delete(token));
  return worker;
}

function warm(pool) {
  const workers = idle.get(pool) ?? [];
  for (let worker = workers.pop(); worker; worker = workers.pop()) {
    if (worker.exitCode === null && worker.signalCode === null) return worker;
  }
}

function failure(report, requestId, seconds) {
  const text = {
    'Sandbox.Timedout': `Task timed out after ${seconds}.00 seconds`,
    'Runtime.ExitError': 'Runtime exited with error: signal: killed',
    'Lambda.Unknown': 'Runtime exited with error: signal: killed',
  }[report];
  const errorMessage = `RequestId: ${requestId} Error: ${text}`;
  // Without an error type in the answer Step Functions reports Lambda.Unknown.
  return JSON.stringify(report === 'Lambda.Unknown' ? { errorMessage } : { errorType: report, errorMessage });
}

function invoke(request) {
  const { kill, pool, timeout } = request;
  const worker = (kill ? undefined : warm(pool)) ?? start(request, kill?.token ?? randomUUID());
  const requestId = randomUUID();
  const begun = Date.now();
  worker.log = '';
  return new Promise((resolve) => {
    const finish = (payload, failed, keep) => {
      clearTimeout(timer);
      worker.off('message', onMessage);
      worker.off('exit', onExit);
      if (!keep) worker.kill('SIGKILL');
      setTimeout(() => {
        // By now the last lines written before the answer have arrived.
        const log =
          `START RequestId: ${requestId} Version: $LATEST\n${worker.log}END RequestId: ${requestId}\n` +
          `REPORT RequestId: ${requestId}\tDuration: ${Date.now() - begun}.00 ms\tMemory Size: ${request.memory} MB\n`;
        resolve({ payload, failed, log });
        if (keep) idle.set(pool, [...(idle.get(pool) ?? []), worker]);
      }, 5);
    };
    const fail = (report) => finish(failure(report, requestId, timeout), true, false);
    const onMessage = (answer) =>
      kill?.at === 'end' ? fail(kill.report) : finish(answer.payload, answer.failed, !kill);
    const onExit = () => fail(kill?.report ?? 'Runtime.ExitError');
    const timer = setTimeout(() => fail('Sandbox.Timedout'), timeout * 1000);
    worker.on('message', onMessage);
    worker.on('exit', onExit);
    worker.send({ event: request.event, requestId, deadline: begun + timeout * 1000, arn: request.arn });
    if (kill?.at === 'start') worker.kill('SIGKILL');
  });
}

const server = createServer(async (request, response) => {
  let body = '';
  for await (const chunk of request) body += chunk;
  const asked = JSON.parse(body);
  if (request.url === '/kill') running.get(asked.token)?.kill('SIGKILL');
  response.end(JSON.stringify(request.url === '/kill' ? {} : await invoke(asked)));
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));

const stop = () => {
  for (const worker of running.values()) worker.kill('SIGKILL');
  process.exit(0);
};
process.on('SIGTERM', stop);
process.on('SIGINT', stop);
process.stdin.on('end', stop).resume(); // the cloud is gone
