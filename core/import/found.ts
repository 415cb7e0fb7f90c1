/** What an import finds in a file, before it is checked. */

/** A flow in the API's names; values that only a deployment knows are `Unresolved`. */
export interface FoundFlow {
  readonly kind: 'flow';
  /** File, and resource in it. */
  readonly place: string;
  /** What the file calls it, where it has no flow name that is known. */
  readonly name: string;
  /** A CreateFlow document, perhaps with the read-only members of DescribeFlow. */
  readonly document: unknown;
  /** What is said of it as it was read, for the report. */
  readonly notes: readonly string[];
  /** AppFlow's latest run, where the file tells: ISO 8601. */
  readonly lastRun?: { readonly time: string; readonly status: string };
}

/** A connector profile, without any of its credentials. */
export interface FoundProfile {
  readonly kind: 'profile';
  readonly place: string;
  readonly name: string;
  /** Members of the API's ConnectorProfile, in its names. */
  readonly document: Readonly<Record<string, unknown>>;
  readonly notes: readonly string[];
}

/** What is there and is not imported, with the reason. */
export interface NotImported {
  readonly kind: 'notImported';
  readonly place: string;
  readonly name: string;
  readonly reason: string;
  /** Whether there is nothing to import in it, as far as its file tells. */
  readonly harmless: boolean;
}

export type Found = FoundFlow | FoundProfile | NotImported;
