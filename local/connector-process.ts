/** A custom connector as a process of this machine: a request a line on its stdin, an answer a line on its stdout. */

import { type ChildProcessByStdio, spawn } from 'node:child_process';
import path from 'node:path';
import readline from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import type { ConnectorRegistration } from '../core/custom-connector/registration.ts';
import { TributaryError } from '../core/errors.ts';
import { answerTooLarge, type ProtocolMessage, payloadLimit } from '../engine/custom-connector/host.ts';

export type LocalConnector = NonNullable<ConnectorRegistration['local']>;

export interface ConnectorProcess {
  /** One request at a time. @throws as `ConnectorHost.invoke` */
  invoke(request: ProtocolMessage, timeout: number): Promise<unknown>;
}

/** Milliseconds without a request after which the process is let go. */
const idleTime = 5_000;

/** Calls the handler of a module as Lambda would: `node --eval`, with the module and its export as arguments. */
const moduleLoop = `
import readline from 'node:readline';
import { pathToFileURL } from 'node:url';
const [file, name] = process.argv.slice(1);
const handler = (await import(pathToFileURL(file).href))[name];
for await (const line of readline.createInterface({ input: process.stdin }))
  process.stdout.write(JSON.stringify(await handler(JSON.parse(line), {})) + '\\n');
`;

type Child = ChildProcessByStdio<Writable, Readable, null>;

/** Between two requests the process of a connector is no reason for ours to go on; it ends when its stdin does. */
function keepAlive(child: Child, needed: boolean): void {
  for (const handle of [child, child.stdin, child.stdout] as unknown as readonly NodeJS.RefCounted[])
    if (needed) handle.ref();
    else handle.unref();
}

/**
 * @param folder of the registration's file
 * @param environment of the process
 * @param at names the connector in errors
 */
export function connectorProcess(
  local: LocalConnector,
  folder: string,
  environment: Readonly<Record<string, string | undefined>>,
  at: string,
): ConnectorProcess {
  const [program = '', ...args] =
    'command' in local
      ? local.command
      : [
          process.execPath,
          '--input-type=module',
          '--eval',
          moduleLoop,
          path.resolve(folder, local.module),
          local.handler ?? 'handler',
        ];
  let child: Child | undefined;
  let idle: NodeJS.Timeout | undefined;
  let last: Promise<unknown> = Promise.resolve();

  function start(): Child {
    const started = spawn(program, args, {
      cwd: folder,
      env: { ...environment, ...local.environment },
      // What a connector logs goes where ours goes.
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    // A process that ends while it is written to is told of by its exit.
    started.stdin.on('error', () => undefined);
    // One that ends between two requests is started anew for the next.
    started.once('exit', () => {
      if (child === started) child = undefined;
    });
    return started;
  }

  function letGo(): void {
    child?.stdin.end();
    child = undefined;
  }

  async function exchange(request: ProtocolMessage, timeout: number): Promise<unknown> {
    clearTimeout(idle);
    child ??= start();
    const asked = child;
    keepAlive(asked, true);
    try {
      return answerOf(await lineOf(asked, `${JSON.stringify(request)}\n`, timeout), at);
    } catch (error) {
      // Whatever it still says belongs to no request.
      asked.kill();
      child = undefined;
      throw error;
    } finally {
      keepAlive(asked, false);
      idle = setTimeout(letGo, idleTime).unref();
    }
  }

  /** The next line that the process says. */
  function lineOf(asked: Child, line: string, timeout: number): Promise<string> {
    return new Promise((resolve, reject) => {
      const lines = readline.createInterface({ input: asked.stdout, crlfDelay: Number.POSITIVE_INFINITY });
      const timer = setTimeout(
        () => done(new TributaryError('RequestTimeout', `no answer within ${timeout / 1000} s`, { at })),
        timeout,
      );
      const onError = (error: Error): void =>
        done(
          new TributaryError('ResourceNotFoundError', 'the command of the connector cannot be started', {
            at,
            got: error.message,
            fix: 'mend `local` in its registration',
          }),
        );
      const onExit = (code: number | null, signal: string | null): void =>
        done(
          new TributaryError('ServerError', 'the connector has ended without an answer', {
            at,
            got: signal ?? `exit code ${code}`,
            fix: 'see what it has written to stderr',
          }),
        );
      function done(result: string | Error): void {
        clearTimeout(timer);
        asked.off('error', onError).off('exit', onExit);
        lines.close();
        if (typeof result === 'string') resolve(result);
        else reject(result);
      }
      asked.once('error', onError).once('exit', onExit);
      lines.once('line', done);
      asked.stdin.write(line);
    });
  }

  return {
    invoke(request, timeout) {
      const answered = last.then(() => exchange(request, timeout));
      last = answered.catch(() => undefined);
      return answered;
    },
  };
}

function answerOf(line: string, at: string): unknown {
  if (Buffer.byteLength(line) > payloadLimit) {
    throw new TributaryError('ConnectorProtocol', 'the answer is larger than a function can give', {
      at,
      got: `${Buffer.byteLength(line)} bytes`,
      vendorCode: answerTooLarge,
    });
  }
  try {
    return JSON.parse(line);
  } catch {
    // Without the line: it may hold anything.
    throw new TributaryError('ConnectorProtocol', 'what the connector wrote to stdout is no JSON', {
      at,
      fix: 'let it log to stderr, and write one answer a line to stdout',
    });
  }
}
