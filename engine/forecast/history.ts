/**
 * Events in an execution's history for each state that it enters, and for the execution itself
 * (https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html).
 */
export const historyEvents = {
  /** Started, Succeeded. */
  execution: 2,
  /** Entered, Exited. */
  Choice: 2,
  Wait: 2,
  Pass: 2,
  Succeed: 2,
  /** Entered. */
  Fail: 1,
  /** Entered, Exited; for each try as under `attempt`. */
  Task: 2,
  /** LambdaFunctionScheduled, Started, Succeeded or Failed. */
  attempt: 3,
  /** Entered, MapStateStarted, MapRunStarted, MapRunSucceeded, MapStateSucceeded, Exited. */
  Map: 6,
} as const;
