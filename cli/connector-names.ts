import { TributaryError } from '../core/errors.ts';
import { destinationConnectorName, sourceConnectorName } from '../core/flow/connector-name.ts';
import { recordDestination } from '../core/flow/record-destination.ts';
import type { RunDefinition } from '../engine/run/run-definition.ts';

/** Of a run; undefined where the connection is missing, or the wrong one, that would tell which it is. */
export interface ConnectorNames {
  readonly source: string | undefined;
  /** Of the application that is written to; undefined for files in S3, too. */
  readonly destination: string | undefined;
}

export function connectorNames({ flow, connection, destinationConnection }: RunDefinition): ConnectorNames {
  return {
    source: known(() => sourceConnectorName(flow, connection)),
    destination:
      recordDestination(flow) && known(() => destinationConnectorName(flow, destinationConnection)),
  };
}

function known(nameOf: () => string): string | undefined {
  try {
    return nameOf();
  } catch (error) {
    if (error instanceof TributaryError) return undefined;
    throw error;
  }
}
