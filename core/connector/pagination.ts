/** How a vendor cuts a list into pages. A new vendor's way becomes a new kind here and a case in the engine's `nextPage`. */

/** Query parameters that ask for large pages, e.g. `{ per_page: 100 }`. */
export type PageSize = Readonly<Record<string, number>>;

export type Pagination =
  /** The next page's address comes in a `Link` header with rel="next" (RFC 8288); none on the last page. */
  | { readonly kind: 'linkHeader'; readonly size?: PageSize }
  /** The next page is asked for by a value of the last record. */
  | {
      readonly kind: 'lastRecord';
      /** Path of the value in the vendor's record. */
      readonly field: string;
      /** The query parameter that takes it. */
      readonly param: string;
      /** Path of a boolean in the answer: whether there are more records. */
      readonly more: string;
      readonly size?: PageSize;
    };

type Options<K extends Pagination['kind']> = Omit<Extract<Pagination, { kind: K }>, 'kind'>;

export function linkHeader(options: Options<'linkHeader'> = {}): Pagination {
  return { kind: 'linkHeader', ...options };
}

export function lastRecord(options: Options<'lastRecord'>): Pagination {
  return { kind: 'lastRecord', ...options };
}
