/** What a vendor's metadata tells of entities that an account defines: tables, custom objects, sheets. */

import type { Field } from './fields.ts';
import type { ListRequest } from './list-request.ts';

/** A field as plain data: what metadata can tell. Filters and the like come with `Discovery.entity`. */
export type DiscoveredField = Pick<
  Field,
  'type' | 'format' | 'at' | 'label' | 'description' | 'precision' | 'scale'
>;

/** Plain data, frozen in a run's plan. */
export interface DiscoveredEntity {
  readonly name: string;
  readonly label: string;
  readonly fields: Readonly<Record<string, DiscoveredField>>;
  /** Whatever else `Discovery.entity` needs: an object type's id, the key's name. */
  readonly facts?: Readonly<Record<string, string>>;
}

/** Sends metadata requests with the connection's credentials, its rate limits and error rules. */
export interface MetadataReader {
  /** @throws ConnectionInvalid if it is missing */
  setting(name: string): string;
  /** The answer's JSON. */
  get(path: string, query?: Readonly<Record<string, string>>): Promise<unknown>;
  /** The answer as text: `$metadata`. */
  text(path: string, query?: Readonly<Record<string, string>>): Promise<string>;
  /** All records of a list, page by page. */
  list(request: ListRequest): Promise<readonly object[]>;
}
