import type { WriteOperation } from '../connector/fields.ts';
import type { FlowDefinition } from './definition.ts';
import { destinationConfig, destinationProperties } from './describe.ts';

/** The members that destinations of records have in common, whatever AppFlow calls them. */
export interface RecordDestinationConfig {
  /** The member of `destinationConnectorProperties`. */
  readonly key: string;
  readonly connectorProfileName?: string;
  readonly apiVersion?: string;
  readonly entityName: string;
  readonly operation: WriteOperation;
  readonly idFieldNames: readonly string[];
}

type ErrorHandling = NonNullable<NonNullable<FlowDefinition['tributary']>['errorHandlingConfig']>;

/** Where a flow writes records into an application; undefined for one that writes files into S3. */
export function recordDestination(flow: FlowDefinition): RecordDestinationConfig | undefined {
  const { connectorType, connectorProfileName, apiVersion, destinationConnectorProperties } =
    destinationConfig(flow);
  if (connectorType === 'S3') return undefined;
  const properties = destinationProperties(flow);
  const { object, objectPath, entityName, writeOperationType, idFieldNames } = properties;
  const [key = ''] = Object.entries(destinationConnectorProperties).flatMap(([name, member]) =>
    member === undefined ? [] : [name],
  );
  return {
    key,
    ...(connectorProfileName && { connectorProfileName }),
    ...(apiVersion && { apiVersion }),
    entityName: String(object ?? objectPath ?? entityName ?? ''),
    // AppFlow's default.
    operation: (writeOperationType as WriteOperation | undefined) ?? 'INSERT',
    idFieldNames: (idFieldNames as readonly string[] | undefined) ?? [],
  };
}

/** What happens to records that the destination refuses: of S3 Tributary's own member, of applications AppFlow's. */
export function errorHandlingOf(flow: FlowDefinition): ErrorHandling | undefined {
  if (destinationConfig(flow).connectorType === 'S3') return flow.tributary?.errorHandlingConfig;
  return destinationProperties(flow).errorHandlingConfig as ErrorHandling | undefined;
}
