import type { ObjectStore } from '../../core/ports.ts';
import type { SegmentRecord } from './segment-record.ts';

/** Reads bytes `start` to `end` of the segment `key`. */
export type ReadSegment = (key: string, start: number, end: number) => Promise<Uint8Array>;

/** Segments up to this size are read whole. */
export const small = 256 * 1024;
/** All of them together, bytes. */
export const room = 8 * 2 ** 20;

/** Reads a small segment once: the commit wants its index first, and soon after the rest. */
export function segmentReader(
  objects: Pick<ObjectStore, 'read'>,
  bucket: string,
  segments: readonly Pick<SegmentRecord, 'key' | 'size'>[],
): ReadSegment {
  const whole = new Map<string, Promise<Uint8Array> | undefined>();
  let left = room;
  for (const { key, size } of segments) {
    if (size > small || size > left) continue;
    left -= size;
    whole.set(key, undefined);
  }
  return async (key, start, end) => {
    if (!whole.has(key)) return objects.read(bucket, key, { range: { start, end } });
    let bytes = whole.get(key);
    if (!bytes) {
      bytes = objects.read(bucket, key);
      whole.set(key, bytes);
    }
    return (await bytes).subarray(start, end);
  };
}
