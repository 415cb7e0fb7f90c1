/** A recorded run of one entity; see connector-fixtures.ts. */

import { type FilterCondition, type PullWindow, type Row, wholeRecord } from '#core';
import type { Exchange } from './http-server.ts';

export interface Fixture {
  readonly settings: Readonly<Record<string, string>>;
  readonly request: {
    readonly incrementalField?: string;
    readonly window?: PullWindow & { readonly start: number };
    readonly filters?: readonly FilterCondition[];
    /** What is read, where the vendor gives no record as a whole. Default: all fields. */
    readonly fields?: readonly string[];
  };
  /** Requests before the first one of the list itself. Default 1 for a child or an incremental pull, else 0. */
  readonly before?: number;
  readonly exchanges: readonly Exchange[];
}

/** The file's name, with ! for a slash in the entity's. */
export function fixtureFile(entityName: string, kind: 'exchanges' | 'records'): string {
  return `${entityName.replaceAll('/', '!')}.${kind}.json`;
}

/** What a fixture's run reads, for a source to be opened with. */
export function readSetOf({ request }: Pick<Fixture, 'request'>): readonly string[] {
  return request.fields ?? [wholeRecord];
}

/** The record that a row of {@link readSetOf} holds. */
export function recordOf(
  { request: { fields } }: Pick<Fixture, 'request'>,
  row: Row,
): Record<string, unknown> {
  if (!fields) return row[0] as Record<string, unknown>;
  return Object.fromEntries(fields.map((field, index) => [field, row[index]]));
}
