/** What a vendor's metadata tells of entities that an account defines: tables, custom objects, sheets. */

import type { FilterOperator } from '../operators.ts';
import type { Field } from './fields.ts';
import type { ListRequest } from './list-request.ts';

/** A field as plain data: what metadata can tell. What is the same for all fields comes with `Discovery.entity`. */
export interface DiscoveredField
  extends Pick<
    Field,
    | 'type'
    | 'format'
    | 'at'
    | 'label'
    | 'description'
    | 'precision'
    | 'scale'
    | 'parts'
    | 'write'
    | 'identifies'
  > {
  readonly filters?: { readonly [O in FilterOperator]?: true | { readonly exact: false } };
  /** Whatever else `Discovery.entity` needs: the vendor's own type. */
  readonly facts?: Readonly<Record<string, string>>;
}

/** Plain data, frozen in a run's plan. */
export interface DiscoveredEntity {
  readonly name: string;
  readonly label: string;
  readonly fields: Readonly<Record<string, DiscoveredField>>;
  /** Whatever else `Discovery.entity` needs: an object type's id, the key's name. */
  readonly facts?: Readonly<Record<string, string>>;
}

/** An element of an XML answer, with the prefixes that it was written with. */
export interface XmlElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly elements: readonly XmlElement[];
  /** All text in it. */
  readonly text: string;
}

/** How a run asks for an entity. */
export interface EntityUse {
  /** The field that the flow names for its window. */
  readonly incrementalField?: string;
  /** Whether it is pulled incrementally. */
  readonly isWindowed: boolean;
  /** @throws ConnectionInvalid if it is missing */
  readonly setting: (name: string) => string;
}

/** Sends metadata requests with the connection's credentials, its rate limits and error rules. */
export interface MetadataReader {
  /** @throws ConnectionInvalid if it is missing */
  setting(name: string): string;
  /** The answer's JSON. */
  get(path: string, query?: Readonly<Record<string, string>>): Promise<unknown>;
  /** The answer as text. */
  text(path: string, query?: Readonly<Record<string, string>>): Promise<string>;
  /** The answer's XML: `$metadata`. Document types and entities of its own are not read. @throws ConnectorProtocol if it is none */
  xml(path: string, query?: Readonly<Record<string, string>>): Promise<XmlElement>;
  /** All records of a list, page by page. */
  list(request: ListRequest): Promise<readonly object[]>;
}
