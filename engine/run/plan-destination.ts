/** What a run's plan says of the application that its records go to; everything is refused here that can be before a record is read. */

import type { ConnectionDefinition } from '../../core/connection.ts';
import type { DestinationDescription, DestinationRequest, WritableField } from '../../core/destination.ts';
import { type ErrorContext, TributaryError } from '../../core/errors.ts';
import { destinationConnectorName } from '../../core/flow/connector-name.ts';
import type { FlowDefinition } from '../../core/flow/definition.ts';
import { destinationProperties } from '../../core/flow/describe.ts';
import { didYouMean } from '../../core/flow/finding.ts';
import { errorHandlingOf, type RecordDestinationConfig } from '../../core/flow/record-destination.ts';
import type { JsonObject } from '../../core/ports.ts';
import { type DestinationField, type FieldType, wholeRecord } from '../../core/records.ts';

/** A member of the run plan. */
export interface PlannedDestination {
  readonly request: DestinationRequest;
  readonly batchSize: number;
  readonly kept?: JsonObject;
}

export function destinationRequest(
  flow: FlowDefinition,
  config: RecordDestinationConfig,
  connection: ConnectionDefinition | undefined,
): DestinationRequest {
  const { connectorProfileName, apiVersion, entityName, operation, idFieldNames } = config;
  const settings = Object.entries(connection?.connectorProfileProperties ?? {});
  return {
    flowName: flow.flowName,
    connector: destinationConnectorName(flow, connection),
    ...(connectorProfileName && { connectorProfileName }),
    ...(apiVersion && { apiVersion }),
    properties: destinationProperties(flow) as JsonObject,
    settings: Object.fromEntries(settings.map(([key, value]) => [key, String(value)])),
    ...(connection?.endpoint && { endpoint: connection.endpoint }),
    entityName,
    operation,
    idFieldNames,
    failOnFirstError: errorHandlingOf(flow)?.failOnFirstDestinationError ?? false,
  };
}

/**
 * The request with the fields that identify a record, where the flow leaves no choice.
 *
 * @throws NotRunnable for an operation that the entity does not have, FlowInvalid for wrong id fields
 */
export function identified(
  request: DestinationRequest,
  description: DestinationDescription,
): DestinationRequest {
  const { operation, entityName, idFieldNames } = request;
  const refuse = refusals(request);
  if (!description.operations.includes(operation)) {
    throw refuse('NotRunnable', `${entityName} has no write operation ${operation}`, 'writeOperationType', {
      got: operation,
      expected: `one of ${description.operations.join(', ') || 'none'}`,
    });
  }
  if (operation === 'INSERT') return request;
  const possible = description.fields.filter(({ identifies }) => identifies.includes(operation));
  const names = possible.map(({ name }) => name);
  const expected = `one of ${names.join(', ') || 'none'}`;
  const [only, ...others] = idFieldNames.length > 0 ? idFieldNames : names;
  if (only === undefined || others.length > 0) {
    const got = idFieldNames.join(', ') || 'nothing';
    throw refuse('FlowInvalid', `${operation} needs the field that identifies a record`, 'idFieldNames', {
      got,
      expected,
    });
  }
  if (!names.includes(only)) {
    const summary = `'${only}' does not identify a record of ${entityName} for ${operation}`;
    throw refuse('FlowInvalid', summary, 'idFieldNames', { got: only, expected });
  }
  return { ...request, idFieldNames: [only] };
}

/** Types of the fields that the operation takes. */
export function writtenTypes(
  { operation }: DestinationRequest,
  { fields }: DestinationDescription,
): Record<string, FieldType> {
  return Object.fromEntries(
    fields.filter(({ operations }) => operations.includes(operation)).map(({ name, type }) => [name, type]),
  );
}

/**
 * Whether the mapped fields are the destination's. Of whole records (Passthrough) only each record can tell.
 *
 * @throws FlowInvalid, with all that are not
 */
export function checkMapped(
  request: DestinationRequest,
  description: DestinationDescription,
  mapped: readonly DestinationField[],
): void {
  const { operation, entityName, idFieldNames } = request;
  if (mapped.some(({ name }) => name === wholeRecord)) return;
  const refuse = refusals(request);
  const names = mapped.map(({ name }) => name);
  const missing = idFieldNames.filter((name) => !names.includes(name));
  if (missing.length > 0) {
    const summary = `no task maps to the id field '${missing.join("', '")}'`;
    throw refuse('FlowInvalid', summary, 'idFieldNames', { fix: 'map a source field to it' });
  }
  // What else a flow maps means nothing to a removal.
  if (operation === 'DELETE') return;
  const known = new Map(description.fields.map((field) => [field.name, field]));
  const wrong = names.flatMap((name) => problemOf(name, known, operation));
  if (wrong.length === 0) return;
  const summary = `${entityName} does not take ${wrong.length === 1 ? 'a mapped field' : 'mapped fields'}: ${wrong.join('; ')}`;
  throw new TributaryError('FlowInvalid', summary, { flowName: request.flowName, at: 'tasks' });
}

function problemOf(
  name: string,
  known: ReadonlyMap<string, WritableField>,
  operation: DestinationRequest['operation'],
): string[] {
  const field = known.get(name);
  if (!field) {
    const hint = didYouMean(name, [...known.keys()]);
    return [`there is no field '${name}'${hint ? `, ${hint}` : ''}`];
  }
  return field.operations.includes(operation) ? [] : [`'${name}' is not written by ${operation}`];
}

function refusals({ flowName }: DestinationRequest) {
  return (code: 'NotRunnable' | 'FlowInvalid', summary: string, member: string, context: ErrorContext) =>
    new TributaryError(code, summary, {
      flowName,
      at: `destinationFlowConfigList[0].destinationConnectorProperties.*.${member}`,
      ...context,
    });
}
