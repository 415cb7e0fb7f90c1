/**
 * What every application that takes records is to the engine: declared HTTP connectors and connectors in code alike.
 *
 * describe → what may be written, and how; open → a session; session.write → one batch after another.
 */

import type { WriteOperation } from './connector/fields.ts';
import type { JsonObject } from './ports.ts';
import type { SourceField } from './records.ts';
import type { ConnectionRequest, SourcePorts } from './source.ts';

/** What a run asks of its destination. Stored in the run plan: plain data, no secrets. */
export interface DestinationRequest extends ConnectionRequest {
  readonly flowName: string;
  /** AppFlow's `connectorType`, or for custom connectors the connection's connector name. */
  readonly connector: string;
  readonly connectorProfileName?: string;
  readonly apiVersion?: string;
  readonly entityName: string;
  readonly operation: WriteOperation;
  /** Fields that tell which record of the application a record is meant for. */
  readonly idFieldNames: readonly string[];
  /** The run ends with the first record that is refused: a batch may be refused as a whole for it. */
  readonly failOnFirstError: boolean;
}

export interface WritableField extends SourceField {
  /** Operations that take it. */
  readonly operations: readonly WriteOperation[];
  /** Operations whose `idFieldNames` may name it. */
  readonly identifies: readonly WriteOperation[];
}

export interface DestinationDescription {
  readonly fields: readonly WritableField[];
  /** Of the entity. */
  readonly operations: readonly WriteOperation[];
  /** Records that one `write` takes at most: as many as are repeated where an answer is lost. */
  readonly batchSize: number;
  /** What `open` needs of it, frozen in the run's plan; plain data below 100 KB. */
  readonly kept?: JsonObject;
}

/** A record after the tasks: destination fields by name; integers beyond 2^53 are bigints. */
export type WrittenRecord = Readonly<Record<string, unknown>>;

/** What became of one record. */
export type WriteResult =
  | { readonly kind: 'written' }
  | {
      readonly kind: 'refused';
      /** The vendor's code; tells no value. Default `refused`. */
      readonly code?: string;
      /** The vendor's sentence; may show values, and goes to the error bucket alone. */
      readonly message: string;
    };

export interface DestinationSession {
  /**
   * Writes one batch. Refusals of single records are results; whatever concerns the batch as a whole is thrown.
   *
   * A batch whose answer was lost is written again: with INSERT its records may then be there more than once.
   *
   * @returns a result for each record, in their order
   * @throws RateLimitExceeded with `retryAfterSeconds` for the engine to wait; InvalidCredentials, AccessDenied, ClientError …
   */
  write(records: readonly WrittenRecord[]): Promise<readonly WriteResult[]>;
  close(): Promise<void>;
}

export interface RecordDestination {
  /** @throws ResourceNotFoundError, InvalidCredentials, ConnectorUnreachable … May send requests; writes nothing. */
  describe(request: DestinationRequest, ports: SourcePorts): Promise<DestinationDescription>;
  /** @param kept by `describe`, at the run's start */
  open(
    request: DestinationRequest,
    kept: JsonObject | undefined,
    ports: SourcePorts,
  ): Promise<DestinationSession>;
}
