/** What a simulated vendor is: a small file that says how the real one answers, with the pages that it was written from. */

import type { Auth } from './auth.ts';
import type { CollectionPlan, SimulatedRecord } from './collection.ts';
import type { Answer, Asked, Handler } from './exchange.ts';
import type { RateLimit } from './rate-limit.ts';

/** Which version of which record a delivered one is. */
export interface Identified {
  readonly number: number;
  readonly version: number;
  /** Whether it is delivered as deleted, where the vendor says so of every record. */
  readonly isDeletion?: boolean;
}

/** A flow that reads from the vendor, and what must come of it. */
export interface SimulatedFlow {
  readonly entityName: string;
  /** Of several flows of an entity: what each is. Default the entity's name. */
  readonly title?: string;
  /** Of the vendor's. */
  readonly collection: string;
  /** A delivered record's number and version, of the fields that show them. */
  identify(record: Readonly<Record<string, unknown>>): Identified;
  /**
   * What an incremental flow of this entity can see: changes, new records alone, or nothing (a full pull every time).
   * `deletions`: changes, and deleted records as such; `later deletions`: of those that were there at the first run.
   */
  readonly sees: 'changes' | 'deletions' | 'later deletions' | 'inserts' | 'all';
  /** So long after a change the vendor may still not show it, says its page: a test looks for what happened before. Default 0. */
  readonly settlesAfterSeconds?: number;
  /** Which of the collection's records the entity has. Default all. */
  readonly has?: (record: SimulatedRecord) => boolean;
  /** Requests of a window where the suite keeps quotas small, so that they are used up. Default 3. */
  readonly quota?: number;
  /** Why a list of the suite's size has one page: then none can come again. */
  readonly onePage?: string;
  /** Why a version may come in two runs, where the vendor gives no other way. In one run it never does. */
  readonly repeats?: string;
  /** The DateTime that the window is on. Default the connector's. */
  readonly incrementalField?: string;
  /** The request parameter that bounds a full pull, where it would ask for years that the simulator does not have. */
  readonly range?: string;
  /** Filters and other members of the flow's tasks. Default none. */
  readonly tasks?: readonly object[];
  /** More of the source's CustomConnector properties. */
  readonly properties?: Readonly<Record<string, unknown>>;
}

export interface Vendor {
  /** As a connection's connectorLabel (or an AppFlow connectorType) names it. */
  readonly connector: string;
  /** Pages and specifications that this was written from. */
  readonly docs: readonly [string, ...string[]];
  /** Properties of a connection. */
  readonly settings: Readonly<Record<string, string>>;
  /** What the base URL's path is, to which a connection's endpoint leads: `/api`. Default none. */
  readonly basePath?: string;
  /** Ways to authenticate. The first is the one of the printed example, OAuth 2 is what tests prefer. */
  readonly auth: readonly [Auth, ...Auth[]];
  readonly rateLimits: readonly RateLimit[];
  readonly collections: Readonly<Record<string, CollectionPlan>>;
  /** `GET /v1/things/{id}` → what answers. `{+name}` takes several segments. */
  readonly routes: Readonly<Record<string, Handler>>;
  /** The list that a request asks for a page of, `undefined` for others: a fault sends the page before again. Default the path. */
  readonly listOf?: (asked: Asked) => string | undefined;
  /** How the vendor words a refusal, with a `retry-after` where it is given seconds. */
  refuse(status: 400 | 401 | 404 | 429 | 500 | 503, retryAfterSeconds?: number): Answer;
  readonly flows: readonly [SimulatedFlow, ...SimulatedFlow[]];
}

/** Reads number and version out of two texts that end in them: `cus_0012`, `version 3`. */
export function numbered(number: unknown, version: unknown): { number: number; version: number } {
  const last = (text: unknown): number => Number(/(\d+)\D*$/.exec(String(text))?.[1] ?? Number.NaN);
  return { number: last(number), version: last(version) };
}
