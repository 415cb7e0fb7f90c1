/** Which objects a run reads, and how they are spread over splits. */

import { TributaryError } from '../../core/errors.ts';
import type { ObjectInfo, ObjectStore } from '../../core/ports.ts';
import type { PullWindow } from '../../core/source.ts';
import type { ListedObject } from './object-bytes.ts';

export interface Location {
  readonly bucket: string;
  /** Without slashes at its ends; empty for the whole bucket. */
  readonly folder: string;
}

export const folderPrefix = (folder: string): string => (folder === '' ? '' : `${folder}/`);

export const locationName = ({ bucket, folder }: Location): string =>
  `s3://${bucket}/${folderPrefix(folder)}`;

/**
 * The objects in the folder and below it, in key order; or, if there are none, the object of exactly that key. Objects
 * without bytes (the markers by which consoles show a folder) hold no records and are left out.
 *
 * @param limit no more than so many objects
 * @throws ResourceNotFoundError if there is no such bucket
 */
export async function listObjects(
  objects: ObjectStore,
  { bucket, folder }: Location,
  limit: number,
): Promise<ObjectInfo[]> {
  const listed: ObjectInfo[] = [];
  for await (const object of objects.list(bucket, folderPrefix(folder))) {
    if (object.size > 0) listed.push(object);
    if (listed.length >= limit) break;
  }
  if (listed.length > 0 || folder === '') return listed;
  const single = await objects.head(bucket, folder);
  return single && single.size > 0 ? [single] : [];
}

/**
 * Up to which moment a listing begun at `now` is complete. S3 stamps with whole seconds: an object written later in the
 * second in which the listing began looks older than the listing. Stores whose stamps are finer have no such gap.
 */
export function completeUntil(listed: readonly ObjectInfo[], now: number): number {
  const finer = listed.some(({ lastModified }) => lastModified % 1000 !== 0);
  return finer ? now : Math.floor(now / 1000) * 1000;
}

/** Objects last modified within the window; all of them for a full pull. */
export function withinWindow(
  listed: readonly ObjectInfo[],
  { start, end }: PullWindow,
): readonly ObjectInfo[] {
  if (start === undefined) return listed;
  return listed.filter(({ lastModified }) => start <= lastModified && lastModified < end);
}

/**
 * One split for each object; where there are more than `maxSplits`, neighbours share one, so that the splits come out
 * about equal in bytes.
 */
export function spread(listed: readonly ObjectInfo[], maxSplits: number): ListedObject[][] {
  const objects = listed.map(({ key, size, etag }) => ({ key, size, etag }));
  if (objects.length <= maxSplits) return objects.map((object) => [object]);
  const total = objects.reduce((sum, { size }) => sum + size, 0);
  const splits: ListedObject[][] = Array.from({ length: maxSplits }, () => []);
  let before = 0;
  for (const object of objects) {
    splits[Math.floor((before / total) * maxSplits)]?.push(object);
    before += object.size;
  }
  return splits.filter((split) => split.length > 0);
}

export function nothingThere({ bucket, folder }: Location): TributaryError {
  return new TributaryError('ResourceNotFoundError', 'there are no objects to read', {
    at: `s3://${bucket}/${folderPrefix(folder)}`,
    expected: 'at least one object that is not empty',
    fix: 'mend bucketPrefix or put files there',
  });
}
