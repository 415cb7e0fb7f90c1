/** How a vendor cuts a list into pages. A new vendor's way becomes a new kind here and a case in the engine's `nextPage`. */

/** Parameters that ask for large pages, e.g. `{ per_page: 100 }`. A preview asks for smaller ones. */
export type PageSize = Readonly<Record<string, number>>;

/** Where a value stands: a path in the answer's JSON, or a lower-case response header. */
export type AnswerPlace = string | { readonly header: string };

export type Pagination =
  /** The next page's address comes in a `Link` header with rel="next" (RFC 8288); none on the last page. */
  | { readonly kind: 'linkHeader'; readonly size?: PageSize }
  /** The next page's address comes in the body: `@odata.nextLink`. None, null or '' on the last page. */
  | {
      readonly kind: 'nextLink';
      readonly at: string;
      /** Path of a boolean that is true on the last page; for vendors whose last page has an address too. */
      readonly end?: string;
      readonly size?: PageSize;
      /** The size is a preference, sent with every page: `prefer: odata.maxpagesize=5000`. Default: a parameter. */
      readonly sizeIn?: 'prefer';
    }
  /** A token in the answer goes into a parameter of the next request. None, null or '' on the last page. */
  | {
      readonly kind: 'cursor';
      readonly at: AnswerPlace;
      readonly param: string;
      /** Path of a boolean that is true while there are more pages; for vendors whose last page has a token too. */
      readonly more?: string;
      /** Path of a boolean that is true on the last page. */
      readonly end?: string;
      /** What stands for no token, for vendors that write a word: `'null'`. */
      readonly none?: string;
      /** Parameters that only the first request has. */
      readonly drops?: readonly string[];
      /**
       * The first page needs a token, too: a GET of this path gives it, at `at`. It gets the window's parameters, in the query,
       * and the list none of them.
       */
      readonly begin?: { readonly path: string; readonly at: string };
      readonly size?: PageSize;
    }
  /** The next page is asked for by the number of records before it. */
  | {
      readonly kind: 'offset';
      /** Default: none; the search's expression writes the position. */
      readonly param?: string;
      /** One parameter; a plain number where the search's expression writes it. */
      readonly size: PageSize | number;
      /** The first record's number. Default 0. */
      readonly first?: number;
      readonly total?: AnswerPlace;
      /**
       * Fields of the entity that are unique together, of a list that has no `total` and may lose records while it is read: each
       * page begins with the last record of the one before. Where it does not, records have moved onto pages that were read, and
       * the page before is read again; no more than a page may leave between two requests. Declare `mayRepeat`.
       */
      readonly overlap?: readonly string[];
      /** Pages may be shorter than asked and not be the last: only `total` or an empty page ends the list. */
      readonly mayBeShort?: true;
    }
  | {
      readonly kind: 'page';
      readonly param: string;
      /** Default 1. */
      readonly first?: number;
      /** A plain number is not asked for: the vendor's pages are that large. */
      readonly size?: PageSize | number;
      /** The number of pages. Without it the first page that is not full ends the list. */
      readonly pages?: AnswerPlace;
      /**
       * The number of records in all of the list. Where it has become less since the page before, records have moved onto pages
       * that were read: as many of these are read again as that takes. Declare `mayRepeat`.
       */
      readonly total?: AnswerPlace;
      /** Records of a full page, where each answer says it: then that, and not `size`, tells the last page. */
      readonly fullAt?: AnswerPlace;
      readonly mayBeShort?: true;
      /** A token in each answer that the next page's request needs beside the number. */
      readonly session?: { readonly at: AnswerPlace; readonly param: string };
    }
  /** The next page is asked for by a value of the last record. */
  | {
      readonly kind: 'lastRecord';
      /** Path of the value in the vendor's record. */
      readonly field: string;
      /** The parameter that takes it. */
      readonly param: string;
      /** Path of a boolean in the answer: whether there are more records. Default: a page that is not full is the last. */
      readonly more?: string;
      readonly size?: PageSize;
    }
  /** The next page is a search for what is greater than the last record's field; the list is sorted by it. */
  | {
      readonly kind: 'keyset';
      /**
       * Fields of the entity that are unique together, with GREATER_THAN and EQUAL_TO in its search; of several, the first
       * that differs decides.
       */
      readonly field: string | readonly string[];
      readonly size: PageSize | number;
      /** Pages may be shorter than asked and not be the last: only an empty page ends the list. */
      readonly mayBeShort?: true;
      /** What lets the list be cut into ranges of the key, which a flow with `parallelismConfig` reads at once. */
      readonly ranges?: KeyRanges;
    };

export interface KeyRanges {
  /** Parameters with which an answer tells the number of all records, and where it stands. */
  readonly count: { readonly query: Readonly<Record<string, string>>; readonly at: AnswerPlace };
  /** The parameter that passes over so many records. */
  readonly skip: string;
}

type Options<K extends Pagination['kind']> = Omit<Extract<Pagination, { kind: K }>, 'kind'>;

export function linkHeader(options: Options<'linkHeader'> = {}): Pagination {
  return { kind: 'linkHeader', ...options };
}

export function nextLink(options: Options<'nextLink'>): Pagination {
  return { kind: 'nextLink', ...options };
}

export function cursor(options: Options<'cursor'>): Pagination {
  return { kind: 'cursor', ...options };
}

/** @see checkConnector: a list that is paged by number needs a stable order or `mayRepeat`. */
export function offset(options: Options<'offset'>): Pagination {
  return { kind: 'offset', ...options };
}

export function pageNumber(options: Options<'page'>): Pagination {
  return { kind: 'page', ...options };
}

export function lastRecord(options: Options<'lastRecord'>): Pagination {
  return { kind: 'lastRecord', ...options };
}

export function keyset(options: Options<'keyset'>): Pagination {
  return { kind: 'keyset', ...options };
}

/** Records on a full page; `undefined` where the vendor decides. */
export function pageSizeOf({ size }: Pagination): number | undefined {
  return typeof size === 'number' ? size : Object.values(size ?? {})[0];
}
