/** What a run does, counted: predicted by `forecastRun`, and measured by the twin that tests it. */
export interface RunFigures {
  /** Requests to the source: pages, pages that are read again, looks at a job, refusals. */
  sourceRequests: number;
  pages: number;
  /** Invocations of TransferBatch. */
  batches: number;
  segments: number;
  /** Invocations of either function, and the seconds that they are billed for. */
  controlInvocations: number;
  controlSeconds: number;
  transferInvocations: number;
  transferSeconds: number;
  /** Of the run's execution and its children, retries included. */
  stateTransitions: number;
  /** The longest history of any one execution. */
  historyEvents: number;
  /** The largest input or output of a state, in bytes. */
  payloadBytes: number;
  /** Executions of the Distributed Map. */
  children: number;
  objects: number;
  /** Of multipart uploads. */
  parts: number;
  bytesWritten: number;
  /** PUT, COPY, POST and LIST requests; deletions cost nothing. */
  s3Writes: number;
  /** GET and HEAD requests. */
  s3Reads: number;
  /** DynamoDB's write and read request units. */
  stateWrites: number;
  stateReads: number;
  glueCalls: number;
  events: number;
  signatures: number;
  /** From the start of the execution to its end. */
  seconds: number;
}

export function noFigures(): RunFigures {
  return {
    sourceRequests: 0,
    pages: 0,
    batches: 0,
    segments: 0,
    controlInvocations: 0,
    controlSeconds: 0,
    transferInvocations: 0,
    transferSeconds: 0,
    stateTransitions: 0,
    historyEvents: 0,
    payloadBytes: 0,
    children: 0,
    objects: 0,
    parts: 0,
    bytesWritten: 0,
    s3Writes: 0,
    s3Reads: 0,
    stateWrites: 0,
    stateReads: 0,
    glueCalls: 0,
    events: 0,
    signatures: 0,
    seconds: 0,
  };
}
