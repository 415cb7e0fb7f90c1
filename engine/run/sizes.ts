/**
 * Sizes that every boundary in the output follows from. They are written into the run's plan, so that a newer version
 * of the code finishes a run with the sizes it began with.
 */
export interface Sizes {
  /** A segment ends with the first page after which its encoders hold so many bytes … */
  readonly segmentBytes: number;
  /** … or after so many bytes received … */
  readonly segmentReceivedBytes: number;
  /** … or after so many pages. */
  readonly segmentPages: number;
  /** A fragment (Parquet: a row group) ends with so many rows. */
  readonly fragmentRows: number;
  /** (key, version) pairs of the latest records that are remembered when a source's pages may repeat. */
  readonly rememberedRecords: number;
  /** Records that the ledger of a flow with a lookback holds; with more, it reaches back less. */
  readonly ledgerRecords: number;
}

export const defaultSizes: Sizes = {
  segmentBytes: 24 * 2 ** 20,
  segmentReceivedBytes: 512 * 2 ** 20,
  segmentPages: 500,
  fragmentRows: 250_000,
  rememberedRecords: 20_000,
  ledgerRecords: 200_000,
};
