import * as z from 'zod';
import { throwAny } from '../core/flow/finding.ts';
import { parseDocument, shapeFindings } from '../core/flow/read.ts';
import { stepNames } from '../core/flow/state-machine.ts';
import { executionInput } from '../engine/steps/index.ts';
import { isBucketName } from '../local/object-store.ts';

const recordedExchange = z.strictObject({
  method: z.string(),
  request: z.string(),
  status: z.number().int(),
  headers: z.record(z.string(), z.string()),
  body: z.string(),
});

const bundleIndex = z.strictObject({
  tributary: z.string(),
  node: z.string(),
  code: z.string().min(1).describe('The error that is to be met again.'),
  step: z.enum(stepNames).optional().describe('That failed; absent where the process died.'),
  parameters: executionInput.shape.parameters,
  buckets: z
    .array(z.string().refine(isBucketName, 'no name of a bucket: a name without slashes is expected'))
    .describe('Names of the buckets whose objects are here.'),
  exchange: recordedExchange.nullable(),
});

/** `bundle.json`: what `tributary reproduce` goes by. */
export type BundleIndex = z.output<typeof bundleIndex>;

/** @throws TributaryErrors InvalidArgument with everything that is wrong: the file may be anybody's */
export function readBundleIndex(text: string, fileName: string): BundleIndex {
  const document = parseDocument(text, fileName, 'InvalidArgument');
  throwAny('InvalidArgument', shapeFindings(bundleIndex, document), fileName);
  return bundleIndex.parse(document);
}
