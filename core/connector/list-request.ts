/** The request for a page of a list, as data. */

import type { FilterOperator } from '../operators.ts';
import type { Json, JsonObject } from '../ports.ts';
import type { Field } from './fields.ts';
import type { Pagination } from './pagination.ts';

/** One comparison that the vendor is asked to make. */
export interface SearchCondition {
  /** Of the field, in the declaration. */
  readonly name: string;
  /** Where the value sits in the vendor's record. */
  readonly path: string;
  readonly field: Field;
  readonly operator: FilterOperator;
  /** One or more, joined by OR; for BETWEEN two, both included. Moments are in the field's format. */
  readonly values: readonly string[];
}

/** What a search's expression may be made of, beside its conditions. */
export interface SearchContext {
  readonly entityName: string;
  /** Paths of the fields that the run reads, in the vendor's records. */
  readonly paths: readonly string[];
  /** Number of the page's first record, and how many are asked for (`offset`, `keyset`). */
  readonly start?: number;
  readonly size?: number;
  /** Only the number of records is wanted (`job.automatic`). */
  readonly counts?: true;
  /** No more records than so many are wanted. */
  readonly limit?: number;
  setting(name: string): string;
}

/** A vendor's query language: filters and windows of fields that name no parameter of their own. */
export interface Search {
  /** The parameter that takes the expression. */
  readonly param: string;
  /** Renders one comparison, its values escaped. `undefined`: it cannot be said, and the engine compares. Pure. */
  readonly condition: (condition: SearchCondition) => Json | undefined;
  /** Renders them all, which must all hold. Called without conditions too; `undefined` leaves the parameter out. Pure. */
  readonly expression: (conditions: readonly Json[], context: SearchContext) => Json | undefined;
  /** Renders alternatives, of each of which all comparisons must hold. Needed for a `keyset` of several fields. Pure. */
  readonly either?: (alternatives: readonly (readonly Json[])[]) => Json;
}

/** What an answer answers to, for vendors that do not repeat it: the parameters of the query, and a body's own members. */
export type Asked = Readonly<Record<string, Json | undefined>>;

/** Makes the list of records out of an answer that has none: see `shapes.ts`. Pure. `undefined`: it is no such answer. */
export type ReadRecords = (answer: unknown, asked: Asked) => readonly object[] | undefined;

/** JSON Lines, or a zip archive of files of JSON Lines, each gzipped if its name ends in `.gz`. */
export type FileFormat = 'jsonLines' | 'zippedJsonLines';

export interface ListRequest {
  /** Below `baseUrl`. */
  readonly path: string;
  /** Default GET. A POST is a question too: it is tried again like any other. */
  readonly method?: 'GET' | 'POST';
  /** Default: the connector's. Its host must be declared in `hosts`. */
  readonly baseUrl?: string;
  readonly query?: Readonly<Record<string, string>>;
  /** Over the connector's; lower-case names. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Of a POST. Texts may have holes. */
  readonly body?: JsonObject;
  /** Default json. */
  readonly bodyFormat?: 'json' | 'form';
  /**
   * Where page sizes, tokens, filters, windows, the search and the projection go. In a body their names are paths
   * (`paging.after`; `ranges.0.from` into a list that `body` has). Default: a POST's body, else the query.
   */
  readonly parametersIn?: 'query' | 'body';
  /** Path of the list in the answer, or a function. Default: the connector's; without one the answer itself is the list. */
  readonly records?: string | ReadRecords;
  /**
   * Makes the answer out of a body that is not one JSON text: `ndjson`. Pure; throws what is broken.
   * @param parse JSON with exact numbers
   */
  readonly decode?: (body: Uint8Array, parse: (text: string) => unknown) => unknown;
  /**
   * The answer is one file of records, which may be larger than memory: it is kept on disk and cut into pages. Neither pages
   * nor `records` or `decode` go with it.
   */
  readonly file?: FileFormat;
  /** Default: the connector's; `onePage` where there is but one. */
  readonly pagination?: Pagination | 'onePage';
  /** Default: the connector's. */
  readonly search?: Search;
  /** The parameters that ask for these fields alone, paths in the vendor's records. Default: the connector's. Pure. */
  readonly projection?: (paths: readonly string[]) => Readonly<Record<string, Json>>;
}

/** One parameter with the fields' paths joined by commas: `fields=id,name`. */
export function fieldList(param: string, separator = ','): NonNullable<ListRequest['projection']> {
  return (paths) => ({ [param]: [...new Set(paths.map(topOf))].join(separator) });
}

/** The first name of a path: vendors project whole members. */
export function topOf(path: string): string {
  return path.split('.')[0]?.replace('[*]', '') ?? path;
}
