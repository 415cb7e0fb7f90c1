import type { ConnectionDefinition } from '../connection.ts';
import { TributaryError } from '../errors.ts';
import type { DestinationFlowConfig, FlowDefinition, SourceFlowConfig } from './definition.ts';

/**
 * The connector that a flow reads from: its `connectorType`, or for CustomConnector the label of its connection.
 *
 * @param connection the one that the flow's `connectorProfileName` names; S3 has none.
 * @throws TributaryError ConnectionInvalid if the connection is missing, is another one, or is of another connector.
 */
export function sourceConnectorName(flow: FlowDefinition, connection?: ConnectionDefinition): string {
  return connectorName(flow.flowName, flow.sourceFlowConfig, connection);
}

/** The connector that a flow writes to; else as `sourceConnectorName`. */
export function destinationConnectorName(flow: FlowDefinition, connection?: ConnectionDefinition): string {
  const [destination] = flow.destinationFlowConfigList;
  if (!destination)
    throw new TributaryError('FlowInvalid', 'there is no destination', { flowName: flow.flowName });
  return connectorName(flow.flowName, destination, connection);
}

function connectorName(
  flowName: string,
  config: SourceFlowConfig | DestinationFlowConfig,
  connection: ConnectionDefinition | undefined,
): string {
  const { connectorType, connectorProfileName } = config;
  if (connection) {
    if (connection.connectorProfileName !== connectorProfileName) {
      throw new TributaryError('ConnectionInvalid', 'this is not the connection that the flow names', {
        flowName,
        got: connection.connectorProfileName,
        ...(connectorProfileName && { expected: connectorProfileName }),
      });
    }
    if (connection.connectorType !== connectorType) {
      throw new TributaryError('ConnectionInvalid', `the connection is for another connector`, {
        flowName,
        at: connectorProfileName,
        got: connection.connectorType,
        expected: connectorType,
      });
    }
  }
  if (connectorType !== 'CustomConnector') return connectorType;
  if (connection?.connectorLabel) return connection.connectorLabel;
  throw new TributaryError('ConnectionInvalid', `there is no connection '${connectorProfileName}'`, {
    flowName,
    fix: `add its file: it says which connector a CustomConnector is`,
  });
}
