/** How large a run is, and how fast its source: what a definition cannot tell. */
export interface RunSize {
  /** Received from the source, at least one. */
  readonly records: number;
  /** Bytes of a record as the source sends it. */
  readonly recordBytes: number;
  /** Bytes of a record in the output files. */
  readonly outputRecordBytes: number;
  /** Records of a full page. */
  readonly pageRecords: number;
  /** From the request for a page to the last of its records mapped and encoded. */
  readonly pageSeconds: number;
  /** Parts that are read at once (`tributary.maxConcurrency` of them); records are spread evenly over them. */
  readonly splits: number;
  /** What an output file holds with aggregation None: a page, or all of a split (the file that was read). */
  readonly unit: 'page' | 'split';
  /** Values of the partition fields; each page is taken to have records of as many as it can. 1 without such fields. */
  readonly partitions: number;
  /** The source refuses for so many seconds after so many requests for pages. Default: never. */
  readonly pause?: { readonly requests: number; readonly seconds: number };
  /** The vendor prepares each split's list in so many seconds, and is asked after it. Default: lists are there at once. */
  readonly job?: { readonly seconds: number; readonly everySeconds?: number };
}

/** Bytes that a source takes to describe a split: a key, a size, an ETag. */
export const splitBytes = 150;
