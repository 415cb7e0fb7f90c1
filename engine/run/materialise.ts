/** Brings one object of the manifest into being, whole or not at all, and any number of times with the same result. */

import { TributaryError } from '../../core/errors.ts';
import type {
  Encryption,
  ObjectStore,
  PutOptions,
  StateStore,
  UploadedPart,
  UploadTarget,
} from '../../core/ports.ts';
import type { Home } from '../ports.ts';
import type { ManifestObject } from './manifest.ts';
import { expected, runKey } from './run.ts';
import type { ReadSegment } from './segment-reader.ts';
import type { Slots } from './slots.ts';

/** S3's smallest part but for the last, and the largest number of parts. */
const smallestPart = 5 * 2 ** 20;
const mostParts = 10_000;
/** Objects up to this are put in one request, from memory. */
export const putWhole = 8 * 2 ** 20;

const metadataName = 'tributary-hash';

interface Surroundings {
  readonly objects: ObjectStore;
  readonly state: StateStore;
  readonly home: Home;
  readonly executionId: string;
  /** Whether no earlier invocation can have written any of the objects: then they are not looked for. */
  readonly fresh: boolean;
  readonly readSegment: ReadSegment;
  readonly encryption: Encryption | undefined;
  /** What the parts of all uploads share: those that S3 copies, and those that pass through here, which need memory. */
  readonly copies: Slots;
  readonly joins: Slots;
  /** Whether to begin no further part of an upload, which is then taken up where it was. */
  readonly nearDeadline: () => boolean;
}

/**
 * @param ordinal of the object in the manifest; names its record in the state table while it is uploaded.
 * @throws StateConflict if another invocation gets in the way: what there is then has to be looked at anew.
 */
export async function materialise(
  object: ManifestObject,
  ordinal: number,
  around: Surroundings,
): Promise<'written' | 'unfinished'> {
  const { objects, encryption, fresh } = around;
  if (!fresh && (await isPresent(object, objects))) return 'written';
  const options: PutOptions = {
    contentType: object.contentType,
    metadata: { [metadataName]: object.hash },
    ...(encryption && { encryption }),
  };
  if (!isUploadedInParts(object)) {
    const pieces = await Promise.all(
      pieceReaders(object).map((piece) => piece.read(0, piece.length, around)),
    );
    await objects.put(object.bucket, object.key, pieces, options);
    return 'written';
  }
  return uploadInParts(object, ordinal, options, around);
}

export function isUploadedInParts({ size }: ManifestObject): boolean {
  return size > putWhole;
}

/** Whether the object is there as this manifest has it. */
export async function isPresent(object: ManifestObject, objects: ObjectStore): Promise<boolean> {
  const present = await objects.head(object.bucket, object.key);
  return present?.metadata[metadataName] === object.hash && present.size === object.size;
}

/** A stretch of the object: bytes at hand, or a range of a segment. */
interface Piece {
  readonly length: number;
  readonly segment?: { readonly key: string; readonly start: number };
  read(from: number, to: number, around: Pick<Surroundings, 'readSegment'>): Promise<Uint8Array>;
}

function pieceReaders(object: ManifestObject): Piece[] {
  const bytes = (text: string): Piece[] => {
    const buffer = Buffer.from(text, 'base64');
    return buffer.length === 0
      ? []
      : [{ length: buffer.length, read: (from, to) => Promise.resolve(buffer.subarray(from, to)) }];
  };
  const parts = object.parts.map(
    ({ segment, start, end }): Piece => ({
      length: end - start,
      segment: { key: segment, start },
      read: (from, to, { readSegment }) => readSegment(segment, start + from, start + to),
    }),
  );
  return [...bytes(object.head), ...parts, ...bytes(object.tail)];
}

/** A part of the upload: one range to copy inside S3, or pieces to read and join. */
type PlannedPart =
  | { readonly copy: { readonly key: string; readonly start: number; readonly end: number } }
  | { readonly join: readonly { readonly piece: Piece; readonly from: number; readonly to: number }[] };

/**
 * Cuts the pieces into parts: whatever is large enough is copied without passing through here; small pieces are joined
 * until they make a part. A function of the manifest alone, so that an upload that was broken off goes on where it was.
 */
export function planParts(pieces: readonly Pick<Piece, 'length' | 'segment'>[], size: number): PlannedPart[] {
  const partSize = Math.max(smallestPart, Math.ceil(size / (mostParts - 1000)));
  const parts: PlannedPart[] = [];
  let join: { piece: Piece; from: number; to: number }[] = [];
  let joined = 0;
  const flush = (): void => {
    if (joined > 0) parts.push({ join });
    join = [];
    joined = 0;
  };
  for (const piece of pieces as readonly Piece[]) {
    let from = 0;
    if (joined > 0 && joined < partSize) {
      // Fill the part that was begun, if need be with a bit of a large piece.
      const to = Math.min(piece.length, partSize - joined);
      join.push({ piece, from: 0, to });
      joined += to;
      from = to;
    }
    if (joined >= partSize) flush();
    const rest = piece.length - from;
    if (rest === 0) continue;
    if (piece.segment && rest >= partSize) {
      const { key, start } = piece.segment;
      parts.push({ copy: { key, start: start + from, end: start + piece.length } });
    } else {
      join.push({ piece, from, to: piece.length });
      joined += rest;
    }
  }
  flush();
  return parts;
}

async function uploadInParts(
  object: ManifestObject,
  ordinal: number,
  options: PutOptions,
  around: Surroundings,
): Promise<'written' | 'unfinished'> {
  const { objects, state, executionId } = around;
  const { bucket, key } = object;
  const pk = runKey(executionId);
  const sk = `UPLOAD#${String(ordinal).padStart(8, '0')}`;
  const recorded = await state.get<UploadTarget>(pk, sk);
  let target = recorded?.data;
  let done = target && (await objects.listParts(target));
  if (!target || !done) {
    target = { bucket, key, uploadId: await objects.startUpload(bucket, key, options) };
    done = [];
    try {
      await state.write([{ pk, sk, expect: expected(recorded), set: target }]);
    } catch (error) {
      // Another invocation's upload is recorded, and no one would ever know of this one.
      if (isConflict(error)) await objects.abortUpload(target);
      throw error;
    }
  }
  try {
    const parts = await uploadParts(object, target, done, around);
    if (!parts) return 'unfinished';
    await objects.completeUpload(target, parts);
  } catch (error) {
    if (!(error instanceof TributaryError) || error.retried) throw error;
    if (!(await isPresent(object, objects))) {
      // An upload that another invocation has completed or aborted, or a part that it has replaced meanwhile.
      if (['NoSuchUpload', 'InvalidPart'].includes(error.context.vendorCode ?? ''))
        throw new TributaryError('StateConflict', error.message, { cause: error });
      // The segments are gone: the run has ended without this invocation.
      if (error.code === 'ResourceNotFoundError') {
        await objects.abortUpload(target);
        await forgetUpload(pk, sk, target, state);
      }
      throw error;
    }
  }
  await forgetUpload(pk, sk, target, state);
  return 'written';
}

/** Unless the record is of another invocation's upload. */
async function forgetUpload(pk: string, sk: string, target: UploadTarget, state: StateStore): Promise<void> {
  const recorded = await state.get<UploadTarget>(pk, sk);
  if (recorded?.data.uploadId === target.uploadId)
    await state.write([{ pk, sk, expect: recorded.revision, set: 'delete' }]);
}

/**
 * All parts of an upload, in order; undefined if the deadline came first. Nothing goes on any more when it returns or throws: what is still
 * on its way to S3 would outlive the upload's end.
 */
async function uploadParts(
  object: ManifestObject,
  target: UploadTarget,
  done: readonly UploadedPart[],
  around: Surroundings,
): Promise<UploadedPart[] | undefined> {
  const { nearDeadline, copies, joins } = around;
  const present = new Map(done.map((part) => [part.part, part]));
  let late = false;
  let failure: { readonly error: unknown } | undefined;
  const parts = await Promise.all(
    planParts(pieceReaders(object), object.size).map(async (part, index) => {
      const already = present.get(index + 1);
      if (already?.size === lengthOf(part)) return already;
      return ('copy' in part ? copies : joins)(async () => {
        late ||= nearDeadline();
        if (late || failure) return undefined;
        try {
          return await uploadPart(part, index + 1, target, around);
        } catch (error) {
          failure ??= { error };
          return undefined;
        }
      });
    }),
  );
  if (failure) throw failure.error;
  return late ? undefined : parts.filter((part) => part !== undefined);
}

function lengthOf(part: PlannedPart): number {
  return 'copy' in part
    ? part.copy.end - part.copy.start
    : part.join.reduce((sum, { from, to }) => sum + to - from, 0);
}

async function uploadPart(
  part: PlannedPart,
  number: number,
  target: UploadTarget,
  around: Surroundings,
): Promise<UploadedPart> {
  const { objects, home } = around;
  if ('copy' in part) {
    const { key, start, end } = part.copy;
    return objects.copyPart(target, number, { bucket: home.stateBucket, key, range: { start, end } });
  }
  const pieces = await Promise.all(part.join.map(({ piece, from, to }) => piece.read(from, to, around)));
  return objects.uploadPart(target, number, pieces);
}

function isConflict(error: unknown): boolean {
  return error instanceof TributaryError && error.code === 'StateConflict';
}

/**
 * Aborts the uploads of these objects that no record tells of: their invocation died between the start of the upload and
 * its record.
 */
export async function abortUnrecordedUploads(
  manifest: readonly ManifestObject[],
  store: ObjectStore,
): Promise<void> {
  const inParts = manifest.filter(isUploadedInParts);
  for (const bucket of new Set(inParts.map((object) => object.bucket))) {
    const keys = inParts.flatMap((object) => (object.bucket === bucket ? [object.key] : []));
    const known = new Set(keys);
    for await (const upload of store.listUploads(bucket, commonPrefix(keys)))
      if (known.has(upload.key)) await store.abortUpload(upload);
  }
}

function commonPrefix([first = '', ...others]: readonly string[]): string {
  let length = first.length;
  for (const other of others) while (!other.startsWith(first.slice(0, length))) length--;
  return first.slice(0, length);
}

/** Aborts what a run has left unfinished. */
export async function abortUploads(
  objects: ObjectStore,
  state: StateStore,
  executionId: string,
): Promise<void> {
  const pk = runKey(executionId);
  for await (const item of state.list<UploadTarget>(pk, 'UPLOAD#')) {
    await objects.abortUpload(item.data);
    await state.write([{ pk, sk: item.sk, set: 'delete' }]);
  }
}
