/** Does a run's certificate hold? Everything is recomputed from the objects as they are now. */

import { TributaryError } from '../../core/errors.ts';
import type { ObjectStore } from '../../core/ports.ts';
import { booksBalance } from '../../core/records.ts';
import { linesOf } from '../lines.ts';
import type { EnginePorts, Progress } from '../ports.ts';
import {
  type Certificate,
  isSignedBy,
  parseCertificate,
  type SignedCertificate,
} from '../run/certificate.ts';
import { ManifestHash, type ManifestObject, objectHash } from '../run/manifest.ts';
import { certificateKey, manifestKey } from '../run/plan.ts';
import { isCommitted, type Run } from '../run/run.ts';
import { type Difference, uriOf, verifyObject } from './verify-object.ts';

export interface Verification {
  /** The first; none: the certificate holds. */
  readonly difference: Difference | undefined;
  /** What was read and found right, the quarantine included. */
  readonly objects: number;
  readonly records: number;
  readonly bytes: number;
  /** Once the signature has been found right. */
  readonly signed: SignedCertificate | undefined;
}

export interface VerifyPorts extends Pick<EnginePorts, 'objects' | 'home' | 'signer'> {
  readonly onProgress?: (progress: Progress) => void;
}

/** Objects read at once. */
const concurrency = 4;

/** @throws TributaryError InvalidArgument for a run that has written nothing, and so has no certificate */
export async function verifyRun(run: Run, ports: VerifyPorts): Promise<Verification> {
  const { flowName, executionId } = run;
  if (run.parameters.dryRun || !isCommitted(run)) {
    throw new TributaryError('InvalidArgument', 'only a run that was committed has a certificate', {
      flowName,
      at: executionId,
      got: run.parameters.dryRun ? 'a dry run' : run.status,
    });
  }
  const found = { objects: 0, records: 0, bytes: 0 };
  const certificate = await readCertificate(run, ports);
  if ('difference' in certificate) return { ...found, ...certificate, signed: undefined };
  const { signed } = certificate;
  const difference = await firstDifference(run, signed.certificate, found, ports);
  return { ...found, difference, signed };
}

async function readCertificate(
  run: Run,
  { objects, home, signer }: VerifyPorts,
): Promise<{ signed: SignedCertificate } | { difference: Difference }> {
  const place = { bucket: home.stateBucket, key: certificateKey(run.flowName, run.executionId) };
  const at = uriOf(place);
  const bytes = await readIfPresent(objects, place);
  if (!bytes) return { difference: { at, expected: 'the certificate of the run', got: 'no such object' } };
  let signed: SignedCertificate;
  try {
    signed = parseCertificate(Buffer.from(bytes).toString(), at);
  } catch (error) {
    if (!(error instanceof TributaryError)) throw error;
    return { difference: { at, expected: 'the certificate of the run', got: error.context.got ?? '' } };
  }
  const key = await signer.publicKey();
  if (!isSignedBy(signed, key)) {
    const expected = `what ${key.key} has signed`;
    const got =
      signed.signature.key === key.key
        ? 'another content, or another signature'
        : `the signature of ${signed.signature.key}`;
    return { difference: { at, expected, got } };
  }
  const { certificate } = signed;
  if (certificate.executionId !== run.executionId || certificate.flowName !== run.flowName) {
    return {
      difference: {
        at,
        expected: `run ${run.executionId} of flow ${run.flowName}`,
        got: `run ${certificate.executionId} of flow ${certificate.flowName}`,
      },
    };
  }
  return { signed };
}

/** @param found added to, as objects are found right */
async function firstDifference(
  run: Run,
  certificate: Certificate,
  found: { objects: number; records: number; bytes: number },
  ports: VerifyPorts,
): Promise<Difference | undefined> {
  const manifest = { bucket: ports.home.stateBucket, key: manifestKey(run.flowName, run.executionId) };
  const inManifest = await manifestDifference(manifest, certificate, ports.objects);
  if (inManifest) return inManifest;
  const { output } = certificate;
  const fileType = 'fileType' in output ? output.fileType : 'JSON';
  const sums = { written: 0, quarantined: 0 };
  const folders = new Map<string, Set<string>>();
  for await (const group of groupsOf(listed(manifest, ports.objects))) {
    const differences = await Promise.all(
      // Without files there is but the quarantine, which is JSON in any case.
      group.map((object) => verifyObject(object, fileType, ports.objects)),
    );
    const difference = differences.find((one) => one !== undefined);
    if (difference) return difference;
    for (const object of group) {
      sums[object.partition === null ? 'quarantined' : 'written'] += object.rows;
      found.objects++;
      found.records += object.rows;
      found.bytes += object.size;
      ports.onProgress?.({ phase: 'commit', records: object.rows, bytes: object.size });
      if (object.partition !== null) note(folders, object, run.executionId);
    }
  }
  return booksDifference(certificate, sums, run, ports) ?? (await foreignObject(folders, ports.objects));
}

async function manifestDifference(
  place: { bucket: string; key: string },
  { manifestHash }: Certificate,
  objects: ObjectStore,
): Promise<Difference | undefined> {
  const at = uriOf(place);
  const expected = `the list of objects with SHA-256 ${manifestHash}`;
  if (!(await objects.head(place.bucket, place.key))) return { at, expected, got: 'no such object' };
  const hash = new ManifestHash();
  try {
    for await (const object of listed(place, objects)) {
      if (objectHash(object) !== object.hash)
        return { at, expected, got: `another SHA-256 of a stretch of ${uriOf(object)}` };
      hash.add(object);
    }
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof TypeError)) throw error;
    return { at, expected, got: 'what is no manifest' };
  }
  const got = hash.hex();
  return got === manifestHash ? undefined : { at, expected, got: `the list of objects with SHA-256 ${got}` };
}

/** The manifest's objects, one after the other: with all their stretches they may be many megabytes. */
async function* listed(
  { bucket, key }: { bucket: string; key: string },
  objects: ObjectStore,
): AsyncGenerator<ManifestObject> {
  let isHeader = true;
  for await (const line of linesOf(await objects.stream(bucket, key))) {
    if (!isHeader) yield JSON.parse(line) as ManifestObject;
    isHeader = false;
  }
}

async function* groupsOf<T>(items: AsyncIterable<T>): AsyncGenerator<T[]> {
  let group: T[] = [];
  for await (const item of items) {
    group.push(item);
    if (group.length < concurrency) continue;
    yield group;
    group = [];
  }
  if (group.length > 0) yield group;
}

/** What became of every record, against what lies there. */
function booksDifference(
  { counts, output, quarantine, filteredByTask, rejectedByReason }: Certificate,
  sums: { written: number; quarantined: number },
  run: Run,
  { home }: VerifyPorts,
): Difference | undefined {
  const at = uriOf({ bucket: home.stateBucket, key: certificateKey(run.flowName, run.executionId) });
  const total = (parts: Readonly<Record<string, number>>): number =>
    Object.values(parts).reduce((sum, part) => sum + part, 0);
  const balances =
    booksBalance(counts) &&
    counts.written === output.records &&
    (!('fileType' in output) || output.records === sums.written) &&
    quarantine.records === sums.quarantined &&
    counts.filtered === total(filteredByTask) &&
    counts.rejected === total(rejectedByReason);
  if (balances) return undefined;
  return {
    at,
    expected:
      'received = written + filtered + rejected + outOfWindow + duplicates + skipped, and as many records in the objects',
    got: JSON.stringify({ counts, filteredByTask, rejectedByReason, inObjects: sums }),
  };
}

/** Notes where only objects of the run may lie: its folder, or the names in a folder that begin with its id. */
function note(folders: Map<string, Set<string>>, { bucket, key }: ManifestObject, executionId: string): void {
  const inPath = key.lastIndexOf(`/${executionId}/`);
  const prefix =
    inPath >= 0
      ? key.slice(0, inPath + executionId.length + 2)
      : `${key.slice(0, key.lastIndexOf('/') + 1)}${executionId}-`;
  const folder = `${bucket} ${prefix}`;
  const keys = folders.get(folder) ?? new Set();
  folders.set(folder, keys.add(key));
}

/** An object among the run's that it has not written: whoever reads the folder reads it as well. */
async function foreignObject(
  folders: ReadonlyMap<string, ReadonlySet<string>>,
  objects: ObjectStore,
): Promise<Difference | undefined> {
  for (const [folder, keys] of folders) {
    const [bucket, prefix] = [folder.slice(0, folder.indexOf(' ')), folder.slice(folder.indexOf(' ') + 1)];
    for await (const { key, size } of objects.list(bucket, prefix)) {
      if (!keys.has(key))
        return { at: uriOf({ bucket, key }), expected: 'no such object', got: `${size} bytes` };
    }
  }
  return undefined;
}

async function readIfPresent(
  objects: ObjectStore,
  { bucket, key }: { bucket: string; key: string },
): Promise<Uint8Array | undefined> {
  try {
    return await objects.read(bucket, key);
  } catch (error) {
    if (error instanceof TributaryError && error.code === 'ResourceNotFoundError') return undefined;
    throw error;
  }
}
