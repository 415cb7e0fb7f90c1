/**
 * A run's certificate: what the run read, what became of every record, and what its output consists of, signed. It is
 * written with the manifest, before the first object appears, and speaks of what the commit brings into being: each byte
 * of it follows from the segments, so that an attempt that is killed and repeated certifies the same.
 *
 * Objects are listed in the manifest, whose hash this has: a certificate stays small for a million objects.
 */

import { createPublicKey, verify } from 'node:crypto';
import * as z from 'zod';
import { TributaryError } from '../../core/errors.ts';
import { canonicalJson } from '../../core/flow/canonical-json.ts';
import { fingerprint } from '../../core/flow/fingerprint.ts';
import type { PublicKey } from '../../core/ports.ts';
import type { RecordCounts } from '../../core/records.ts';
import type { EnginePorts } from '../ports.ts';
import { version } from '../version.ts';
import { type Manifest, ManifestHash } from './manifest.ts';
import { s3Output } from './output.ts';
import { certificateKey, type RunPlan } from './plan.ts';
import { sha256 } from './segment.ts';
import type { Transferred } from './segment-record.ts';

const count = z.number().int().min(0);
const hash = z.string().regex(/^[0-9a-f]{64}$/);
const counts = z.strictObject({
  received: count,
  written: count,
  filtered: count,
  rejected: count,
  outOfWindow: count,
  duplicates: count,
  skipped: count,
});

const certificate = z.strictObject({
  executionId: z.string(),
  flowName: z.string(),
  /** SHA-256 of the definition that the run began with. */
  flowFingerprint: hash,
  /** Of Tributary, which committed the run. */
  version: z.string(),
  startedAt: z.iso.datetime(),
  window: z.strictObject({ start: z.iso.datetime().nullable(), end: z.iso.datetime() }),
  /** At most so many records were read. */
  limit: count.nullable(),
  /** The run whose quarantine was read instead of the source. */
  replayOf: z.string().nullable(),
  schemaVersion: count,
  splits: count,
  pages: count,
  /** Bytes received from the source. */
  bytesReceived: count,
  counts,
  /** Index of the task → records: which task `filtered` them. */
  filteredByTask: z.record(z.string(), count),
  /** `field: reason` → records: why they were `rejected`. */
  rejectedByReason: z.record(z.string(), count),
  output: z.union([
    /** The objects at the destination. `bytes` is their sum. */
    z.strictObject({
      fileType: z.enum(['CSV', 'JSON', 'PARQUET']),
      objects: count,
      records: count,
      bytes: count,
    }),
    /** Records that an application has acknowledged; what it holds now, nobody but it can tell. */
    z.strictObject({
      connector: z.string(),
      entityName: z.string(),
      writeOperationType: z.enum(['INSERT', 'UPDATE', 'UPSERT', 'DELETE']),
      records: count,
    }),
  ]),
  /** Refused and invalid records. */
  quarantine: z.strictObject({ records: count, bytes: count }),
  /** Over the manifest's list of all these objects, each with its records, its size and the SHA-256 of every stretch of it. */
  manifestHash: hash,
});
export type Certificate = z.infer<typeof certificate>;

const signedCertificate = z.strictObject({
  certificate,
  signature: z.strictObject({ algorithm: z.literal('ECDSA_SHA_256'), key: z.string(), value: z.string() }),
});
export type SignedCertificate = z.infer<typeof signedCertificate>;

/** Signs and stores a run's certificate, once. */
export async function writeCertificate(
  plan: RunPlan,
  transferred: Transferred,
  manifest: Manifest,
  { objects, home, signer }: Pick<EnginePorts, 'objects' | 'home' | 'signer'>,
): Promise<void> {
  const made = certificateOf(plan, transferred, manifest);
  const signed: SignedCertificate = {
    certificate: made,
    signature: { algorithm: 'ECDSA_SHA_256', ...(await signer.sign(signedText(made))) },
  };
  try {
    const text = `${JSON.stringify(signed, null, 2)}\n`;
    const key = certificateKey(plan.flow.flowName, plan.executionId);
    await objects.put(home.stateBucket, key, text, { ifAbsent: true, contentType: 'application/json' });
  } catch (error) {
    // Another attempt's, of the same content. A second signature of it would only be another one.
    if (!(error instanceof TributaryError && error.code === 'StateConflict')) throw error;
  }
}

function certificateOf(
  plan: RunPlan,
  { counts, breakdown, pages, received }: Transferred,
  manifest: Manifest,
): Certificate {
  const { window } = plan;
  const manifestHash = new ManifestHash();
  for (const object of manifest.objects) manifestHash.add(object);
  const iso = (time: number): string => new Date(time).toISOString();
  const sums = (quarantined: boolean) => {
    const some = manifest.objects.filter(({ partition }) => (partition === null) === quarantined);
    return {
      objects: some.length,
      records: some.reduce((sum, { rows }) => sum + rows, 0),
      bytes: some.reduce((sum, object) => sum + object.size, 0),
    };
  };
  const { objects: _, ...quarantine } = sums(true);
  return {
    executionId: plan.executionId,
    flowName: plan.flow.flowName,
    flowFingerprint: fingerprint(plan.flow),
    version,
    startedAt: iso(plan.startedAt),
    window: { start: window.start === undefined ? null : iso(window.start), end: iso(window.end) },
    limit: plan.limit ?? null,
    replayOf: plan.replayOf ?? null,
    schemaVersion: plan.schemaVersion,
    splits: plan.splitCount,
    pages,
    bytesReceived: received,
    counts,
    filteredByTask: breakdown.filteredByTask,
    rejectedByReason: breakdown.rejectedByReason,
    output: outputOf(plan, counts) ?? { fileType: s3Output(plan.flow).fileType, ...sums(false) },
    quarantine,
    manifestHash: manifestHash.hex(),
  };
}

function outputOf({ destination }: RunPlan, { written }: RecordCounts): Certificate['output'] | undefined {
  if (!destination) return undefined;
  const { connector, entityName, operation } = destination.request;
  return { connector, entityName, writeOperationType: operation, records: written };
}

/** What is signed: below KMS's limit of 4,096 bytes, and of nothing else that the key might sign. */
function signedText(made: Certificate): string {
  return `Tributary run certificate\n${sha256(canonicalJson(made))}`;
}

/** @throws TributaryError SourceDataInvalid for what is no certificate */
export function parseCertificate(text: string, at: string): SignedCertificate {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    // Said below.
  }
  const parsed = signedCertificate.safeParse(json);
  if (parsed.success) return parsed.data;
  throw new TributaryError('SourceDataInvalid', 'the file is no certificate of a run', {
    at,
    got: z.prettifyError(parsed.error),
  });
}

/** Whether the key signed just this certificate. */
export function isSignedBy({ certificate, signature }: SignedCertificate, { spki }: PublicKey): boolean {
  const key = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' });
  return verify('sha256', Buffer.from(signedText(certificate)), key, Buffer.from(signature.value, 'base64'));
}
