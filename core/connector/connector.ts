/**
 * What is true of a vendor's API, as data. The engine interprets it; flow validation, the CLI, the support matrix and the
 * contract suite read the same declaration.
 *
 * Holes in `baseUrl`, paths and queries name a setting (`{owner}`) or, in a child entity's path, a field of the parent's
 * records (`{pull_requests.number}`). `checkConnector` refuses any other.
 */

import type { ErrorCode } from '../errors.ts';
import type { Json } from '../ports.ts';
import type { FieldType } from '../records.ts';
import type { EntityDescription } from '../source.ts';
import type { AuthScheme } from './auth.ts';
import type { DiscoveredEntity, EntityUse, MetadataReader } from './discovery.ts';
import type { DateTimeFormat, Field, Fields, WriteOperation } from './fields.ts';
import type { Job } from './job.ts';
import type { ListRequest } from './list-request.ts';
import type { Pagination } from './pagination.ts';
import type { WriteRequest } from './write.ts';

/**
 * A value that the connection's file gives, or over it the flow: a member of its `sourceConnectorProperties` of that name, or of
 * their `customProperties`. Never a secret.
 */
export interface Setting {
  readonly label: string;
  readonly description?: string;
  /** Default: none; an entity whose path names the setting then needs it. */
  readonly default?: string;
  /** A header that names it is left out where the connection does not have it. */
  readonly optional?: true;
  /** All values that it can have. */
  readonly values?: readonly string[];
  /** What every value matches as a whole, and an example of one. */
  readonly pattern?: { readonly source: string; readonly example: string };
}

/** Lower-case names of response headers. */
export interface RateLimit {
  /** Requests left in the current window. */
  readonly remaining?: string;
  /** When the window ends, in epoch seconds. */
  readonly resetAt?: string;
  /** Seconds until it ends. */
  readonly resetAfter?: string;
  /** Seconds, or an HTTP date. Default `retry-after`. */
  readonly retryAfter?: string;
  /**
   * Holds `used/allowed` requests of a longer time, such as a day's. Only told: from nine tenths on the log warns. When the
   * vendor stops, its refusals say.
   */
  readonly usage?: string;
  /** Seconds to wait where a refusal names no time. Default: a few short waits that double, then a minute. */
  readonly otherwiseSeconds?: number;
  /** What the vendor grants a connection: so many requests in so many seconds, spread over a process. */
  readonly budget?: { readonly requests: number; readonly seconds: number };
}

/** Applies to refusals with one of `status` that also meet the other conditions. */
export interface ErrorRule {
  /** Default: any, those of `errors.inBody` with it. */
  readonly status?: readonly number[];
  /** A response header's exact value; `true`: its presence. */
  readonly header?: Readonly<Record<string, string | true>>;
  /** Contained in the vendor's message, whatever the case. */
  readonly message?: string;
  /** The vendor's error code. */
  readonly vendorCode?: string;
  /** `WindowTooLarge`: the list of this window is longer than the vendor gives. The window is halved, until it is not. */
  readonly code: ErrorCode;
  /** Seconds to wait where the refusal names no time. Default: `rateLimit.otherwiseSeconds`. */
  readonly retryAfterSeconds?: number;
}

export interface ErrorAnswers {
  /** Paths of message and code in the body of a refused request; of several, the first that holds a text. */
  readonly message?: string | readonly string[];
  readonly vendorCode?: string;
  /** The response header with the id that the vendor's support asks for. */
  readonly requestId?: string;
  /**
   * A 2xx answer is a refusal if the value at this path is `is`, or without `is` if there is any but null, false and an empty
   * list. Without this word an answer of 2xx is never looked at.
   */
  readonly inBody?: { readonly path: string; readonly is?: Json };
  /** The first that matches decides; without a match the status does. */
  readonly rules?: readonly ErrorRule[];
}

/**
 * A bound of the pull window: a parameter's name, or `true` for a comparison in the entity's `search`. Either stands for
 * `GREATER_THAN_OR_EQUAL_TO` as `from` and for `LESS_THAN` as `to`. Name the operator that the vendor is sure to apply.
 */
export type WindowBound<O extends string> =
  | string
  | true
  | {
      /** Default: the entity's `search`. */
      readonly param?: string;
      readonly operator?: O;
      /** Default: the field's. */
      readonly format?: DateTimeFormat;
    };

export interface Incremental<Name extends string = string> {
  /** The field that the window is on. */
  readonly field: Name;
  /** Other DateTime fields that a flow may name instead; all else holds for them, too. */
  readonly others?: readonly Name[];
  /**
   * DateTime fields that a flow may name although the window stays on `field`: the vendor looks for changes by that one, and
   * moves these with some of them only. A window on such a field would lose a record whose other stamp moves while it is due.
   */
  readonly insteadOf?: readonly Name[];
  readonly from?: WindowBound<'GREATER_THAN' | 'GREATER_THAN_OR_EQUAL_TO'>;
  readonly to?: WindowBound<'LESS_THAN' | 'LESS_THAN_OR_EQUAL_TO'>;
  /**
   * How the list is sorted by this field, if it is.
   *
   * `newestFirst`: reading ends at the first page that reaches back beyond the window; for vendors without a `from`. Right only
   * where records never leave the list: what leaves a page already read moves another one past the reader.
   *
   * `oldestFirst`: every page is asked for anew from the time of the last record on (with `from`), so that neither changes
   * nor deletions let a record be skipped. Records of one moment repeat: declare `mayRepeat`.
   */
  readonly order?: 'newestFirst' | 'oldestFirst';
  /**
   * What a windowed list has other than the entity's own: its order, mostly, or a path of its own. A full pull of records that
   * change wants a list that does not move with them. Its `query` is laid over the entity's.
   */
  readonly list?: Partial<ListRequest>;
  /** The vendor answers no longer window: a longer one is asked for in parts, one after the other. */
  readonly sliceDays?: number;
  /** The list needs a window: a full pull asks for so many days, up to now. */
  readonly reachDays?: number;
  /**
   * The bounds of a full pull's window, where it is on another stamp than the field: one that never moves, so that no record
   * escapes from a part that is not read yet to one that is.
   */
  readonly reach?: {
    readonly from: WindowBound<'GREATER_THAN' | 'GREATER_THAN_OR_EQUAL_TO'>;
    readonly to: WindowBound<'LESS_THAN' | 'LESS_THAN_OR_EQUAL_TO'>;
  };
  /** The request parameter whose BETWEEN filter sets the list's window in a full pull. */
  readonly parameter?: string;
  /** The field never moves after a record is made: later changes of a record are not seen. Default: changes are seen. */
  readonly sees?: 'inserts';
}

/** How a vendor is asked for changes since the last pull, with `nextLink` pages. */
export interface ChangeTracking {
  /** The preference that begins it (RFC 7240): `odata.track-changes`. */
  readonly prefer: string;
  /** Where the last page holds the address of what changes from now on. */
  readonly at: string;
  /** What such an address contains, for vendors that give it in place of the next page's. */
  readonly marker: string;
}

interface EntityBase<F extends Fields> extends ListRequest {
  readonly label?: string;
  /** The vendor's page that describes the list request. */
  readonly docs: string;
  /** The list is made by a job of the vendor's, or can be. */
  readonly job?: Job;
  /** Leaves out records that have a non-null value at this path of the vendor's record. */
  readonly skipIf?: { readonly present: string };
  /** The vendor itself keeps track of what changes: incremental pulls need no field, and no window is asked for. */
  readonly changes?: ChangeTracking;
  /** Pages may show a record twice, as the list moves while it is read: the engine writes one of several copies. */
  readonly mayRepeat?: true;
  /** Each of this entity's records is listed once for every record of the parent entity. */
  readonly parent?: string;
  /** The list is asked for once with each of these values in a hole: `{ type: ['deals', 'tickets'] }`. One hole. */
  readonly each?: Readonly<Record<string, readonly string[]>>;
  /** Statuses that mean "there is no such list", mostly of a parent record that is gone; they read as an empty list. */
  readonly absent?: readonly (403 | 404 | 409 | 410)[];
  /** How it takes records. Fields say which operations accept them, and which they identify a record for. */
  readonly write?: { readonly [O in WriteOperation]?: WriteRequest };
  /**
   * Request parameters of the vendor that a flow sets through a Filter task with a declared operator; never a field of a
   * record. One without `filters` fills the hole of its name in the path.
   */
  readonly parameters?: Fields;
  /** The vendor writes numbers, booleans and objects as text, and nothing as ''. Default: the connector's. */
  readonly textValues?: boolean;
  readonly fields: F;
}

export interface Entity<F extends Fields = Fields> extends EntityBase<F> {
  /** Names of the fields that identify a record. */
  readonly primaryKey: readonly string[];
  readonly incremental?: Incremental;
}

/** An entity as it is written: field names are checked against `fields`. */
export interface EntityDefinition<F extends Fields> extends EntityBase<F> {
  readonly primaryKey: readonly NoInfer<keyof F & string>[];
  readonly incremental?: Incremental<NoInfer<FieldNameOf<F, 'DateTime'>>>;
}

/** Default: it has no entities below it. */
type ListedEntity = Omit<EntityDescription, 'hasNestedEntities'> &
  Partial<Pick<EntityDescription, 'hasNestedEntities'>>;

/** Entities that the account defines, told by the vendor at run time. */
export interface Discovery {
  /** The vendor's page about its metadata. */
  readonly docs: string;
  readonly list: (reader: MetadataReader) => Promise<readonly ListedEntity[]>;
  /** The entities below one that `list` says has some: a file's sheets. */
  readonly nested?: (name: string, reader: MetadataReader) => Promise<readonly ListedEntity[]>;
  /** `undefined`: there is none of that name. */
  readonly describe: (name: string, reader: MetadataReader) => Promise<DiscoveredEntity | undefined>;
  /** How to read it. Pure. */
  readonly entity: (discovered: DiscoveredEntity, use: EntityUse) => Entity;
}

export interface ConnectorDefinition<E extends Readonly<Record<string, Entity>>> {
  /** AppFlow's `connectorLabel`. */
  readonly label: string;
  readonly docs: string;
  /** The vendor's API version that the declaration was written for. */
  readonly apiVersion?: string;
  /** https, or a hole for a setting that holds the address; may have holes in the host name, then `hosts` is needed. No trailing slash. */
  readonly baseUrl: string;
  /**
   * Hosts that credentials may be sent to: `api.example.com`, `*.example.com`; `*` for software that runs on its owner's
   * servers. Default: the host of `baseUrl`.
   */
  readonly hosts?: readonly string[];
  /** Sent with every request; lower-case names. Holes name settings. */
  readonly headers?: Readonly<Record<string, string>>;
  /** The first scheme whose credentials the connection holds is used. */
  readonly auth: readonly [AuthScheme, ...AuthScheme[]];
  /** A cheap request that succeeds with good credentials only. */
  readonly validateCredentials: `${'GET' | 'POST'} /${string}`;
  /** Tells the vendor's time in its Date header, before an incremental pull. Default: the entity's list, of one record. */
  readonly clock?: `GET /${string}`;
  readonly settings?: Readonly<Record<string, Setting>>;
  /** For all entities that have none of their own. */
  readonly records?: ListRequest['records'];
  readonly pagination?: Pagination;
  readonly search?: ListRequest['search'];
  readonly projection?: ListRequest['projection'];
  readonly textValues?: boolean;
  readonly rateLimit?: RateLimit;
  readonly errors?: ErrorAnswers;
  /** How long after its time stamp a record may still be missing from the vendor's lists. Default 0. */
  readonly settleSeconds?: number;
  readonly entities: E;
  /** Entities that the account defines, told by the vendor's metadata at run time; a declared entity of that name wins. */
  readonly discovery?: Discovery;
}

export type Connector = ConnectorDefinition<Readonly<Record<string, Entity>>>;

/** Names of the fields of one type. */
export type FieldNameOf<F extends Fields, T extends FieldType> = {
  [N in keyof F]: F[N] extends Field<T> ? N : never;
}[keyof F] &
  string;

/**
 * One entity of a connector. Checked where it is written: `primaryKey` and `incremental.field` must name declared
 * fields, the latter a `dateTime`, and unknown keys are refused.
 */
export function entity<const F extends Fields>(definition: EntityDefinition<F>): Entity<F> {
  return definition;
}

/** @see checkConnector for what can be known only at load. */
export function defineConnector<const E extends Readonly<Record<string, Entity>>>(
  definition: ConnectorDefinition<E>,
): ConnectorDefinition<E> {
  return definition;
}

/** The values that a type holds in a record that `RecordOf` describes; see the table of `FieldType`. */
interface ValueOf {
  readonly String: string;
  readonly Boolean: boolean;
  readonly Integer: number;
  readonly Short: number;
  readonly Long: number | bigint;
  readonly BigInteger: number | bigint;
  readonly Float: number;
  readonly Double: number;
  readonly BigDecimal: number | string;
  readonly Date: string;
  readonly DateTime: string;
  readonly Time: string;
  readonly ByteArray: Uint8Array | string;
  readonly Struct: object;
  readonly List: readonly unknown[];
  readonly Map: object;
}

/** @example type Issue = RecordOf<typeof github, 'issues'> */
export type RecordOf<C extends Connector, N extends keyof C['entities']> = {
  readonly [K in keyof C['entities'][N]['fields']]: ValueOf[C['entities'][N]['fields'][K]['type']] | null;
};
