import type { FlowDefinition } from './definition.ts';
import { destinationProperties } from './describe.ts';

/** https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutRule.html; the default quota is half of it. */
const longestPattern = 4096;
/** UTF-8 bytes: https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html */
const longestKey = 1024;
/** The execution's id, the time and a number: what every object's key has behind its folder, at least. */
const shortestName = 62;

/** Limits that a flow breaks whatever its size: synth knows no more than the definition. `tributary plan` knows the rest. */
export function certainlyBroken(flow: FlowDefinition): string[] {
  const found: string[] = [];
  const { eventPattern } = flow.tributary ?? {};
  const pattern = eventPattern === undefined ? 0 : JSON.stringify(eventPattern).length;
  if (pattern > longestPattern) {
    found.push(
      `tributary.eventPattern: it has ${pattern} characters, and EventBridge takes ${longestPattern} at most; match by fewer values, or by a prefix`,
    );
  }
  const { bucketPrefix } = destinationProperties(flow);
  const folders = [...String(bucketPrefix ?? '').split('/'), flow.flowName].filter(Boolean);
  const key = Buffer.byteLength(`${folders.join('/')}/`) + shortestName;
  if (key > longestKey) {
    found.push(
      `bucketPrefix of the destination: keys would have ${key} bytes or more, and S3 takes ${longestKey} at most; shorten it, or the flow's name`,
    );
  }
  return found;
}
