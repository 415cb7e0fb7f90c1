// One Lambda execution environment: loads the handler once, then handles one event at a time.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { format } from 'node:util';

const { env } = process;
let requestId = '';

// Lambda's runtime writes console lines in one of these two forms.
// https://docs.aws.amazon.com/lambda/latest/dg/nodejs-logging.html
for (const [method, level] of [
  ['debug', 'DEBUG'],
  ['log', 'INFO'],
  ['info', 'INFO'],
  ['warn', 'WARN'],
  ['error', 'ERROR'],
]) {
  console[method] = (...values) => {
    const timestamp = new Date().toISOString();
    const line =
      env.AWS_LAMBDA_LOG_FORMAT === 'JSON'
        ? JSON.stringify({
            timestamp,
            level,
            requestId,
            message: values.length === 1 ? values[0] : format(...values),
          })
        : `${timestamp}\t${requestId}\t${level}\t${format(...values).replaceAll('\n', '\r')}`;
    process.stdout.write(`${line}\n`);
  };
}

// A custom resource answers to an https URL; here the cloud listens on plain http at a port.
const cloud = new URL(env.AWS_ENDPOINT_URL);
const { request } = https;
https.request = (options, ...rest) =>
  options?.hostname === cloud.hostname
    ? http.request({ ...options, port: cloud.port, agent: undefined }, ...rest)
    : request(options, ...rest);

function asPayload(error) {
  const stack = (error?.stack ?? '').split('\n');
  return JSON.stringify({
    errorType: error?.name ?? 'Error',
    errorMessage: error?.message ?? String(error),
    trace: stack,
  });
}

// A handler in Python runs in a process of its own: an event a line, an answer or an error a line.
const PYTHON = `
import importlib, json, os, sys, traceback
sys.path.insert(0, os.environ["LAMBDA_TASK_ROOT"])
file, name = os.environ["_HANDLER"].rsplit(".", 1)
answers, sys.stdout = sys.stdout, sys.stderr
for line in sys.stdin:
    try:
        answer = {"value": getattr(importlib.import_module(file), name)(json.loads(line), None)}
    except Exception as error:
        answer = {"error": {"name": type(error).__name__, "message": str(error), "stack": traceback.format_exc()}}
    print(json.dumps(answer), file=answers, flush=True)
`;

function loadPython() {
  const python = spawn('python3', ['-c', PYTHON], { stdio: ['pipe', 'pipe', 'inherit'] });
  const answers = createInterface({ input: python.stdout })[Symbol.asyncIterator]();
  return async (event) => {
    python.stdin.write(`${JSON.stringify(event)}\n`);
    const { value: line, done } = await answers.next();
    if (done) throw Object.assign(new Error('exited'), { name: 'Runtime.ExitError' });
    const { value, error } = JSON.parse(line);
    if (error) throw error;
    return value;
  };
}

async function load() {
  if (env.AWS_EXECUTION_ENV.startsWith('AWS_Lambda_python')) return loadPython();
  const dot = env._HANDLER.lastIndexOf('.');
  const [file, name] = [env._HANDLER.slice(0, dot), env._HANDLER.slice(dot + 1)];
  const candidates = ['.js', '.mjs', '.cjs'].map((end) => path.join(env.LAMBDA_TASK_ROOT, file + end));
  const found = candidates.find((candidate) => existsSync(candidate));
  if (!found)
    throw Object.assign(new Error(`Cannot find module '${file}'`), { name: 'Runtime.ImportModuleError' });
  const module = await import(pathToFileURL(found).href);
  const handler = module[name] ?? module.default?.[name];
  if (typeof handler !== 'function') {
    throw Object.assign(new Error(`${env._HANDLER} is undefined or not exported`), {
      name: 'Runtime.HandlerNotFound',
    });
  }
  return handler;
}

let loading;
process.on('message', async (message) => {
  requestId = message.requestId;
  const context = {
    awsRequestId: requestId,
    invokedFunctionArn: message.arn,
    functionName: env.AWS_LAMBDA_FUNCTION_NAME,
    functionVersion: '$LATEST',
    memoryLimitInMB: env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: 'emulated',
    callbackWaitsForEmptyEventLoop: true,
    getRemainingTimeInMillis: () => message.deadline - Date.now(),
  };
  try {
    loading ??= load();
    const handler = await loading;
    const answer = await (handler.length >= 3
      ? new Promise((resolve, reject) => {
          handler(message.event, context, (error, value) => (error ? reject(error) : resolve(value)));
        })
      : handler(message.event, context));
    process.send({ payload: JSON.stringify(answer) ?? 'null', failed: false });
  } catch (error) {
    console.error('Invoke Error', asPayload(error));
    process.send({ payload: asPayload(error), failed: true });
  }
});
process.on('disconnect', () => process.exit(0));
