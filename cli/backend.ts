/** Where flows run: this machine or AWS. What the commands on runs need of either. */

import type { EnginePorts, Progress } from '../engine/ports.ts';
import type { ExecutionEnd, RunResult } from '../engine/run/run-result.ts';
import type { ExecutionInput } from '../engine/steps/index.ts';

export interface Backend extends Pick<EnginePorts, 'state' | 'objects' | 'home' | 'executions' | 'signer'> {
  /** For messages: `/home/eva/.tributary`, `AWS account 123456789012, eu-central-1`. */
  readonly place: string;
  /** The file of an object, where objects are files. */
  fileOf?(bucket: string, key: string): string;
  /** How an execution ended, where something beside the run's record knows it; undefined while it goes on. */
  endOf?(flowName: string, executionId: string): Promise<ExecutionEnd | undefined>;
  /** @throws ResourceNotFoundError if the flow, which has no state yet, cannot run there either */
  expectFlow(flowName: string): Promise<void>;
}

export interface AwsBackend extends Backend {
  /** Starts an execution of a deployed flow. @throws ResourceNotFoundError if the flow is not deployed */
  start(flowName: string, executionId: string, input: ExecutionInput): Promise<void>;
  /** Waits for its end. */
  wait(flowName: string, executionId: string, watch?: AwsWatch): Promise<RunResult>;
}

export interface AwsWatch {
  readonly onProgress?: (progress: Progress) => void;
  readonly onStatus?: (status: string) => void;
  /** Aborted: the run is asked to stop. */
  readonly signal?: AbortSignal;
}
