import type { ConnectionDefinition } from '../core/connection.ts';
import type { RecordDestination } from '../core/destination.ts';
import type { FlowDefinition } from '../core/flow/definition.ts';
import type {
  Catalog,
  Clock,
  EventSink,
  Executions,
  Http,
  Log,
  MetricSink,
  ObjectStore,
  Secrets,
  Signer,
  StateStore,
  Vault,
} from '../core/ports.ts';
import type { Source } from '../core/source.ts';
import type { Sizes } from './run/sizes.ts';

/** Where a flow's runs live. */
export interface Home {
  readonly stateBucket: string;
  readonly accountId: string;
  readonly region: string;
  /** Who created the flow (an ARN), for the `created-by` of events. */
  readonly createdBy: string;
}

/** All that a step may touch. */
export interface EnginePorts {
  readonly home: Home;
  readonly objects: ObjectStore;
  readonly state: StateStore;
  readonly catalog: Catalog;
  readonly events: EventSink;
  readonly metrics: MetricSink;
  readonly executions: Executions;
  readonly http: Http;
  readonly secrets: Secrets;
  readonly vault: Vault;
  readonly signer: Signer;
  readonly clock: Clock;
  readonly log: Log;
  /** The flow's definition as deployed, or as in its file. */
  loadFlow(): Promise<FlowDefinition>;
  /** @throws ConnectionInvalid if there is no such connection. */
  loadConnection(connectorProfileName: string): Promise<ConnectionDefinition>;
  /** @throws NotRunnable for a connector that this version does not have. */
  loadSource(connector: string): Promise<Source>;
  /** @throws NotRunnable for a connector that this version cannot write records to. */
  loadDestination(connector: string): Promise<RecordDestination>;
  /** MB of the function that this runs in. Default: the flow's `memorySize`, else a working function's. */
  readonly memory?: number;
  /** Epoch milliseconds by which the step should have returned; the step that can pauses before. */
  readonly deadline: number;
  /** An id that no other attempt has; names what an attempt writes. */
  readonly attemptId: string;
  /** Where this home's sizes differ from the default ones. */
  readonly sizes?: Partial<Sizes>;
  /** Told after every page and object; for a progress line. */
  readonly onProgress?: (progress: Progress) => void;
}

export interface Progress {
  readonly phase: 'transfer' | 'load' | 'commit' | 'catalog';
  readonly records: number;
  readonly bytes: number;
}
