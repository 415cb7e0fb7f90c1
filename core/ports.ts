/**
 * What the engine needs of its surroundings. Two homes implement these: `lambdas/aws` (S3, DynamoDB, EventBridge, Glue)
 * and `local` (folders). The engine and the connectors know only this page.
 */

import type { Readable } from 'node:stream';

// ---- objects ----

export interface ObjectInfo {
  readonly bucket: string;
  readonly key: string;
  /** Bytes. */
  readonly size: number;
  /** Opaque; changes with the content. */
  readonly etag: string;
  /** Epoch milliseconds. */
  readonly lastModified: number;
}

export interface Encryption {
  /** SSE-KMS with this key and a bucket key. */
  readonly kmsKeyArn: string;
}

export interface PutOptions {
  readonly contentType?: string;
  readonly encryption?: Encryption;
  readonly metadata?: Readonly<Record<string, string>>;
  /** Only if no object of that key exists; else throws StateConflict. */
  readonly ifAbsent?: boolean;
}

/** An object of another store's range, both ends included in the usual half-open way: bytes [start, end). */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/**
 * What an object is put with; an array has its bytes in pieces that follow each other. A folder is written piece by piece,
 * S3 gets them joined: its client can send a body again only if it holds it whole.
 */
export type ObjectBody = string | Uint8Array | readonly Uint8Array[];

/** Amazon S3, or folders that look like it. Every method throws ResourceNotFoundError for a missing bucket or key. */
export interface ObjectStore {
  /** @param ifMatch an etag: throws SourceDataInvalid ("changed while being read") if the object is another one now. */
  read(bucket: string, key: string, options?: { range?: ByteRange; ifMatch?: string }): Promise<Uint8Array>;
  /**
   * The body as a stream, from byte `start` on.
   *
   * @param options.transient the reader uses up each chunk before it asks for the next: they may lie in the same memory
   */
  stream(
    bucket: string,
    key: string,
    options?: { start?: number; ifMatch?: string; transient?: boolean },
  ): Promise<Readable>;
  head(bucket: string, key: string): Promise<(ObjectInfo & { metadata: Record<string, string> }) | undefined>;
  /** In ascending key order (UTF-8 bytes). */
  list(bucket: string, prefix: string): AsyncIterable<ObjectInfo>;
  put(bucket: string, key: string, body: ObjectBody, options?: PutOptions): Promise<{ etag: string }>;
  delete(bucket: string, keys: readonly string[]): Promise<void>;
  startUpload(bucket: string, key: string, options?: PutOptions): Promise<string>;
  /** Part numbers count from 1. Every part but the last has at least 5 MiB. */
  uploadPart(upload: UploadTarget, part: number, body: ObjectBody): Promise<UploadedPart>;
  copyPart(
    upload: UploadTarget,
    part: number,
    source: { bucket: string; key: string; range: ByteRange },
  ): Promise<UploadedPart>;
  /** `undefined` if there is no such upload (completed or aborted). */
  listParts(upload: UploadTarget): Promise<UploadedPart[] | undefined>;
  completeUpload(upload: UploadTarget, parts: readonly UploadedPart[]): Promise<void>;
  /** Uploads that are neither completed nor aborted, of keys that begin with `prefix`. */
  listUploads(bucket: string, prefix: string): AsyncIterable<UploadTarget>;
  /** No error if there is no such upload, or no such bucket. */
  abortUpload(upload: UploadTarget): Promise<void>;
  /** Whether the bucket is there and may be used. */
  bucketExists(bucket: string): Promise<boolean>;
}

export interface UploadTarget {
  readonly bucket: string;
  readonly key: string;
  readonly uploadId: string;
}

export interface UploadedPart {
  readonly part: number;
  readonly etag: string;
  readonly size: number;
}

// ---- state ----

export type Json =
  | string
  | number
  | boolean
  | null
  | readonly Json[]
  | { readonly [key: string]: Json | undefined };
export type JsonObject = { readonly [key: string]: Json | undefined };

/** One item: below 400 KB, so it holds pointers, hashes and counts, never lists that grow with the data. */
export interface StateItem<T extends object = JsonObject> {
  readonly pk: string;
  readonly sk: string;
  /** Rises by one with every write; what conditions compare. */
  readonly revision: number;
  readonly data: T;
}

export interface StateKey {
  readonly pk: string;
  readonly sk: string;
}

export interface StateWrite extends StateKey {
  /** `absent`, or the revision that was read. Without it the write is unconditional. */
  readonly expect?: 'absent' | number;
  /** The new content (JSON data), or `delete`, or `check` (a condition without a write). */
  readonly set: object | 'delete' | 'check';
  /** Epoch seconds after which the item may be removed. */
  readonly expiresAt?: number;
}

/** One DynamoDB table, or a folder of JSON files. Reads are strongly consistent. */
export interface StateStore {
  get<T extends object>(pk: string, sk: string): Promise<StateItem<T> | undefined>;
  /** Several items (at most 100) as they were at one moment, in the order of their keys; undefined where there is none. */
  getAll<T extends readonly object[]>(
    keys: { readonly [K in keyof T]: StateKey },
  ): Promise<{ readonly [K in keyof T]: StateItem<T[K]> | undefined }>;
  /** All writes or none (at most 100). Throws StateConflict if any expectation fails. */
  write(writes: readonly StateWrite[]): Promise<void>;
  /** Items of one partition whose sk begins with `prefix`, ascending by sk unless `descending`. */
  list<T extends object>(
    pk: string,
    prefix: string,
    options?: { descending?: boolean; limit?: number; after?: string },
  ): AsyncIterable<StateItem<T>>;
}

// ---- catalog ----

export interface CatalogColumn {
  readonly name: string;
  /** Hive type, e.g. `string`, `bigint`, `decimal(38,9)`. */
  readonly type: string;
  readonly comment?: string;
  readonly parameters?: Readonly<Record<string, string>>;
}

export interface CatalogTable {
  readonly name: string;
  readonly description?: string;
  readonly columns: readonly CatalogColumn[];
  readonly partitionKeys: readonly CatalogColumn[];
  /** `s3://bucket/prefix/` */
  readonly location: string;
  readonly format: 'CSV' | 'JSON' | 'PARQUET';
  readonly parameters: Readonly<Record<string, string>>;
}

export interface CatalogPartition {
  /** In the order of `partitionKeys`. */
  readonly values: readonly string[];
  readonly location: string;
}

/** AWS Glue Data Catalog, or one JSON file per table. Throws ResourceNotFoundError for a missing database. */
export interface Catalog {
  getTable(database: string, name: string): Promise<(CatalogTable & { versionId?: string }) | undefined>;
  /** Creates or replaces (with the version read, no archive). Answers whether anything changed. */
  putTable(database: string, table: CatalogTable): Promise<'created' | 'updated' | 'unchanged'>;
  deleteTable(database: string, name: string): Promise<void>;
  listPartitions(database: string, table: string): AsyncIterable<CatalogPartition>;
  /** At most 100; existing ones are overwritten. */
  putPartitions(database: string, table: string, partitions: readonly CatalogPartition[]): Promise<void>;
  deletePartitions(database: string, table: string, values: readonly (readonly string[])[]): Promise<void>;
}

// ---- reports ----

export interface FlowEvent {
  readonly detailType: string;
  readonly resources: readonly string[];
  readonly detail: Readonly<Record<string, string>>;
}

export interface EventSink {
  emit(event: FlowEvent): Promise<void>;
}

export type MetricName =
  | 'FlowExecutionsStarted'
  | 'FlowExecutionsSucceeded'
  | 'FlowExecutionsFailed'
  | 'FlowExecutionTime'
  | 'FlowExecutionRecordsProcessed';

export interface MetricSink {
  /** `FlowExecutionTime` is in milliseconds, the others are counts. */
  record(flowName: string, metrics: Readonly<Partial<Record<MetricName, number>>>): Promise<void>;
}

export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

/** Structured log; counts and ids, never records or credentials. */
export interface Log {
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

// ---- time, network, secrets ----

export interface Clock {
  /** Epoch milliseconds. */
  now(): number;
  sleep(milliseconds: number): Promise<void>;
}

export interface HttpRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** Milliseconds until RequestTimeout. Default 60,000. */
  readonly timeout?: number;
  /** Bytes that a body may have, also decompressed; ConnectorProtocol for a larger one. Default 32 MiB. */
  readonly limit?: number;
}

export interface HttpResponse {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  /** Decompressed. */
  readonly body: Uint8Array;
}

/** Sends one request, follows no redirect, retries nothing. Throws ConnectorUnreachable, RequestTimeout or ServerError. */
export interface Http {
  send(request: HttpRequest): Promise<HttpResponse>;
  /** The same for an answer that may be larger than memory. The timeout is that of each wait for more of it. */
  download(request: HttpRequest): Promise<HttpDownload>;
}

export interface HttpDownload extends HttpResponse {
  /** Of an answer of 2xx, whose `body` is then empty: who asked for it removes it. */
  readonly file?: DownloadedFile;
}

/** A body, decompressed, on this machine's disk. */
export interface DownloadedFile {
  /** Bytes. */
  readonly size: number;
  read(range: ByteRange): Readable;
  remove(): Promise<void>;
}

export interface Secrets {
  /** The credentials of a connection: a flat object of strings. Throws InvalidCredentials if there are none. */
  read(connectorProfileName: string): Promise<Readonly<Record<string, string>>>;
  /**
   * Replaces members of the secret, if `expected` (some of its members, as they were read) still holds. No error if they are
   * replaced already. Throws StateConflict if they are others by now, InvalidCredentials if nothing can be written where the credentials come from.
   */
  update(
    connectorProfileName: string,
    change: Readonly<Record<string, string>>,
    expected: Readonly<Record<string, string>>,
  ): Promise<void>;
}

/** Encrypts what the state keeps but must not show: access tokens. */
export interface Vault {
  /** @param about what the text belongs to; only the same opens it. */
  seal(text: string, about: string): Promise<string>;
  /** `undefined`: sealed with a key that is gone, or about something else. */
  open(sealed: string, about: string): Promise<string | undefined>;
}

/** ECDSA over NIST P-256 with SHA-256. */
export interface KeySignature {
  /** The key that made it: an ARN, or the name of a key on this machine. */
  readonly key: string;
  /** DER (RFC 3279), base64. */
  readonly value: string;
}

export interface PublicKey {
  readonly key: string;
  /** SubjectPublicKeyInfo, DER. */
  readonly spki: Uint8Array;
}

/** Signs what a run certifies, with a key that runs can use and nobody can take away. */
export interface Signer {
  /** @param text UTF-8, of 4,096 bytes at most */
  sign(text: string): Promise<KeySignature>;
  publicKey(): Promise<PublicKey>;
}

/** Whether an execution of the state machine is still going on; asked by a StartRun that finds the slot held. */
export interface Executions {
  isRunning(executionArn: string): Promise<boolean>;
}
