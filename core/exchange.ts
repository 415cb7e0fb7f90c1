/** An answer of a vendor that ended a run, as far as it is kept: enough to meet the same error again, and no record's value. */
export interface RecordedExchange {
  readonly method: string;
  /** Path and names of the query; what looks like an id or an address is left out: `/v1/orders/*?page&since`. */
  readonly request: string;
  readonly status: number;
  /** Those that the engine looks at. */
  readonly headers: Readonly<Record<string, string>>;
  /** Letters and digits of values replaced, but for what the vendor says of the error; cut. */
  readonly body: string;
}
