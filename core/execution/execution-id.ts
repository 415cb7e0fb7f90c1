import { createHash } from 'node:crypto';

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/**
 * The run's id of an execution. AppFlow's ids are UUIDs, and consumers of the S3 layout rely on their form: an execution
 * whose name is one keeps it, another (the scheduler names its own) gets a UUID that follows from its name.
 */
export function executionIdOf(executionName: string): string {
  if (uuid.test(executionName)) return executionName;
  const hash = createHash('sha256').update(`tributary execution ${executionName}`).digest();
  // RFC 9562: version 8 (custom), variant 10.
  hash[6] = ((hash[6] ?? 0) & 0x0f) | 0x80;
  hash[8] = ((hash[8] ?? 0) & 0x3f) | 0x80;
  const hex = hash.toString('hex').slice(0, 32);
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
