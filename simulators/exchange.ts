/** A request, its answer, and what a vendor knows when it answers. */

import type { Collection } from './collection.ts';

export interface Asked {
  readonly method: string;
  /** Values of the route's holes, decoded. */
  readonly path: Readonly<Record<string, string>>;
  /** Path and query as they were sent. */
  readonly url: string;
  readonly query: URLSearchParams;
  /** Lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  /** The text as JSON; `undefined` if it is none. */
  readonly json: unknown;
}

export interface Answer {
  /** Default 200. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** JSON; text and bytes are sent as they are. */
  readonly body?: unknown;
}

export interface World {
  /** `http://127.0.0.1:8085`: in the vendor's addresses of itself. */
  readonly origin: string;
  /** Epoch milliseconds. */
  now(): number;
  collection(name: string): Collection;
  /** Records of a page of the size asked for: fewer, where the simulator is told to; for vendors that say where a list ends. */
  pageSize(asked: number): number;
  /** What the vendor must remember between two requests: jobs, sessions. Empty at first. */
  readonly memory: Map<string, unknown>;
}

export type Handler = (asked: Asked, world: World) => Answer;
