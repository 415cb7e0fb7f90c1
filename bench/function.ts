/**
 * One of a flow's two functions, in a process of its own: `node function.mjs CASE HOME [ENDPOINT]`. Answers each message, the input of a
 * step, with its outcome and the memory that the process has needed so far.
 *
 * It is what AWS runs, handler and steps, over the state of a local home. With the endpoint of an S3 server, objects come and go
 * through the SDK's client, as the transfer function's do.
 */

import { S3Client } from '@aws-sdk/client-s3';
import { checkConnector } from '#core';
import { loadConnector } from '../connectors/registry.ts';
import { checkFlow } from '../core/flow/read.ts';
import { stepNames } from '../core/flow/state-machine.ts';
import { s3Config } from '../lambdas/aws/client-config.ts';
import { s3ObjectStore } from '../lambdas/aws/object-store.ts';
import { stepHandler } from '../lambdas/step-handler.ts';
import { localHome } from '../local/home.ts';
import { functionCases } from './function-cases.ts';
import { pages } from './pages.ts';
import { ownUsage } from './usage.ts';

export type Outcome =
  | { readonly result: object; readonly peakRssMb: number }
  | { readonly error: { readonly name: string; readonly message: string; readonly stack?: string } };

const [name, folder = '', endpoint] = process.argv.slice(2);
const found = functionCases.find((one) => one.name === name);
if (!found) throw new Error(`no case '${name}'`);
const flow = checkFlow(found.flow, found.name);
const home = localHome({
  home: folder,
  connectionFolders: [`${folder}/connections`],
  loadConnector: async (label) => {
    if (label !== pages.label) return loadConnector(label);
    checkConnector(pages);
    return { kind: 'declared', label, connector: pages };
  },
});
const credentials = { accessKeyId: 'none', secretAccessKey: 'none' };
const objects =
  endpoint === undefined
    ? home.objects
    : s3ObjectStore(
        new S3Client({ ...s3Config, endpoint, credentials, region: 'local', forcePathStyle: true }),
      );
const handler = stepHandler(stepNames, () => ({ deadline }) => ({
  ...home.forStep(flow),
  objects,
  deadline,
}));

process.on('message', async (payload) => {
  // As long as a function has.
  const deadline = Date.now() + 15 * 60_000;
  const context = { awsRequestId: 'none', getRemainingTimeInMillis: () => deadline - Date.now() };
  let outcome: Outcome;
  try {
    outcome = { result: await handler(payload, context), peakRssMb: ownUsage().peakRssMb };
  } catch (thrown) {
    const { name, message, stack } = thrown as Error;
    outcome = { error: { name, message, ...(stack !== undefined && { stack }) } };
  }
  process.send?.(outcome);
});
