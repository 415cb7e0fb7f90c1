/**
 * What every source is to the engine: files, databases and declared HTTP connectors alike.
 *
 * describe → the fields and the splits; open → a session on one split; session.read → one page after another.
 */

import type { OAuth2Scheme } from './connector/auth.ts';
import type { ScannedRecords } from './decode/scanned-records.ts';
import type { FilterOperator } from './operators.ts';
import type { Clock, Http, JsonObject, Log, ObjectStore } from './ports.ts';
import type { FieldType, Row, SourceField } from './records.ts';

/** Half-open: start ≤ t < end; epoch milliseconds. No `start`: from the beginning (a full pull). */
export interface PullWindow {
  readonly start?: number;
  readonly end: number;
}

/** One comparison of a Filter task; several are combined with AND, several `values` of one with OR. */
export interface FilterCondition {
  readonly field: string;
  readonly operator: FilterOperator;
  /** The type that the comparison is made in. */
  readonly type: FieldType;
  /** One or more; for BETWEEN exactly two (lower, upper; both included). Canonical values of `type` (see Row), as text. */
  readonly values: readonly string[];
}

/** What a run asks of its source. Stored in the run plan: plain data, no secrets. */
export interface SourceRequest {
  readonly flowName: string;
  /** AppFlow's `connectorType`, or for custom connectors the connection's connector name, e.g. `GitHub`, `JDBC`. */
  readonly connector: string;
  readonly connectorProfileName?: string;
  readonly apiVersion?: string;
  /** The member of `sourceConnectorProperties`, as the definition gives it. */
  readonly properties: JsonObject;
  /** Connection settings (non-secret) from the connection file. */
  readonly settings: Readonly<Record<string, string>>;
  /** Replaces the connector's base URL in tests against a local server. */
  readonly endpoint?: string;
  /** The read set: what rows hold, in this order. `['*']` asks for the record as a whole. */
  readonly fields: readonly string[];
  readonly filters: readonly FilterCondition[];
  /** With `window.start`, the field the window is on; S3 uses the objects' LastModified and needs none. */
  readonly incrementalField?: string;
  readonly window: PullWindow;
  /**
   * There where the run moves the flow's watermark. A source that keeps track of changes itself reads what has changed since
   * the page that left `since`, or all, and from then on what changes; the window says nothing to it.
   */
  readonly changes?: { readonly since?: JsonObject };
  /** Read no more than about so many records (`limit`, `preview`); a hint, the engine counts itself. */
  readonly limit?: number;
  /**
   * Bytes that a record may have, and an answer that is held as a whole; a larger one is refused. Default 32 MiB, as functions of
   * 512 MB have.
   */
  readonly recordLimit?: number;
  /** Of `describe`, only what can be told without reading lists is wanted (discover): `splits` may be empty. */
  readonly fieldsOnly?: true;
}

/** Of a request, what tells where the connection's own requests go. */
export type ConnectionRequest = Pick<SourceRequest, 'properties' | 'settings' | 'endpoint'>;

export interface SourcePorts {
  readonly objects: ObjectStore;
  readonly http: Http;
  readonly clock: Clock;
  readonly log: Log;
  /** The connection's credentials; read on first use, never kept in state. */
  credentials(): Promise<Readonly<Record<string, string>>>;
  /**
   * An access token, as the grant gets it from the connection's credentials; kept and renewed for all runs of the connection.
   *
   * @param grant its holes filled
   * @param rejected the token that the vendor has just refused: another one is got
   * @throws InvalidCredentials, AccessDenied, RateLimitExceeded, ConnectorUnreachable …
   */
  accessToken(grant: OAuth2Scheme, rejected?: string): Promise<AccessToken>;
}

export interface AccessToken {
  readonly token: string;
  /** Whether the vendor was asked for it now; `false`: it was there, got for an earlier request or by another. */
  readonly isNew: boolean;
}

/** A part of a run's work that is transferred on its own; plain data. */
export type Split = JsonObject;

export interface SourceDescription {
  /** All fields that the source offers for this entity; empty if only the data can tell (then only '*' or named fields). */
  readonly fields: readonly SourceField[];
  /**
   * Request parameters of the vendor that a Filter task with EQUAL_TO may set. They are no data: no row holds them, no column
   * comes of them, and the source applies every filter on one.
   */
  readonly parameters?: readonly SourceField[];
  /** At least one, unless there is nothing to read. Frozen for the run: listed objects carry their ETags. */
  readonly splits: readonly Split[];
  /** Indexes into `request.filters` that the source applies itself; the engine applies the rest. */
  readonly appliedFilters: readonly number[];
  /** Whether the source itself holds back records outside the window (then the engine need not look). */
  readonly appliesWindow: boolean;
  /**
   * The latest moment up to which the source's records are complete, epoch milliseconds; the engine lowers the window's
   * end to it (PostgreSQL: the start of the oldest open transaction). Default: our clock.
   */
  readonly completeUntil?: number;
  /** The field that the window is on, whichever the request names. Default that one. */
  readonly incrementalField?: string;
  /** Fields that identify a record. */
  readonly primaryKey?: readonly string[];
  /**
   * Whether pages may show a record twice (numbered pages over a moving set): of several copies of one (key, version)
   * within a run the engine writes one. Needs `primaryKey`.
   */
  readonly mayRepeat?: boolean;
}

/** Where a page begins; plain data below 100 KB; `undefined` the split's beginning. */
export type PageToken = JsonObject;

export interface Page {
  /** In the source's order. Each row holds the read set's values. */
  readonly rows: readonly Row[];
  /**
   * The same records as the bytes they came in, where the source has them so: who handles these need not have the rows
   * made. Valid until the next `read`, as are `rows` that nobody has asked for until then.
   */
  readonly scanned?: ScannedRecords;
  /** Records that the connector itself left out (`skipIf`); counted as received and skipped. */
  readonly skipped?: number;
  /** Bytes received for this page, as they came (decompressed, before decoding). */
  readonly bytes: number;
  /**
   * The natural unit of output that the page belongs to (aggregation None writes one file for each): the ordinal, from 0
   * and rising, of the input file within the split. Absent: the page is a unit of its own.
   */
  readonly unit?: number;
  /** Absent on the last page. */
  readonly next?: PageToken;
  /**
   * On the last page of a source that keeps track of changes: where the next run begins. Plain data, no secrets. It becomes
   * the flow's own with the commit of the run, or never.
   */
  readonly resume?: JsonObject;
}

export interface SourceSession {
  /**
   * Reads the page at `token`. The same token and the same answers of the vendor give the same rows. Sequential calls
   * with the token just returned are the normal case and may use an open stream or cursor; any other token re-positions.
   * Throws RateLimitExceeded with `retryAfterSeconds` for the engine to wait.
   */
  read(token: PageToken | undefined): Promise<Page>;
  close(): Promise<void>;
}

export interface EntityDescription {
  readonly name: string;
  readonly label: string;
  /** A schema has tables below it, a repository issues. */
  readonly hasNestedEntities: boolean;
}

export interface Source {
  /**
   * @throws ResourceNotFoundError, InvalidCredentials, ConnectorUnreachable, SourceDataInvalid. Sends requests.
   * `request.fields` is empty: the read set follows from what this answers.
   */
  describe(request: SourceRequest, ports: SourcePorts): Promise<SourceDescription>;
  /** `description` is the one that `describe` gave at the run's start; plain data. */
  open(request: SourceRequest, split: Split, ports: SourcePorts): Promise<SourceSession>;
  /** Entities below `path` (undefined: the top). */
  listEntities(
    request: SourceRequest,
    path: string | undefined,
    ports: SourcePorts,
  ): Promise<readonly EntityDescription[]>;
  /** Makes one cheap authenticated request; throws what is wrong. */
  testConnection(request: SourceRequest, ports: SourcePorts): Promise<void>;
}
