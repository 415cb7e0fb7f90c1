/** Seconds that a request takes, from a function in the same Region: round numbers of what such requests take. */
export interface Latencies {
  /** Before a step runs: Step Functions, Lambda's start. Not billed. */
  readonly step: number;
  readonly s3Read: number;
  readonly s3Write: number;
  /** A part that S3 copies. */
  readonly s3Copy: number;
  readonly state: number;
  readonly glue: number;
  readonly event: number;
  readonly sign: number;
}

export const usualLatencies: Latencies = {
  step: 0.1,
  s3Read: 0.03,
  s3Write: 0.05,
  s3Copy: 0.2,
  state: 0.01,
  glue: 0.1,
  event: 0.03,
  sign: 0.02,
};
