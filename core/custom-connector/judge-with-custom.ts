import type { FlowDefinition } from '../flow/definition.ts';
import { type FlowConnections, notRunnable, type Supports } from '../flow/runnable.ts';
import type { ConnectorRegistration } from './registration.ts';
import { type ConnectorRole, connectorProblems } from './settings.ts';

/**
 * `notRunnable`, with the custom connectors that are registered.
 *
 * @returns everything that keeps the flow from running; empty if it can
 */
export function judgeWithCustom(
  flow: FlowDefinition,
  supports: Supports,
  connections: FlowConnections,
  registrations: readonly ConnectorRegistration[],
): string[] {
  const labels = registrations.map(({ connectorLabel }) => connectorLabel);
  const custom = (role: ConnectorRole, connection: FlowConnections['source']): string[] => {
    const found = registrations.find(({ connectorLabel }) => connectorLabel === connection?.connectorLabel);
    if (!found || !connection) return [];
    if (supports.sources.has(found.connectorLabel))
      return [
        `custom connector ${found.connectorLabel}: the label is that of a connector of ours; take another`,
      ];
    return connectorProblems(flow, found, role, settingsOf(connection));
  };
  return [
    ...notRunnable(
      flow,
      {
        ...supports,
        sources: new Set([...supports.sources, ...labels]),
        destinations: new Set([...supports.destinations, ...labels]),
      },
      connections,
    ),
    ...custom('SOURCE', connections.source),
    ...custom('DESTINATION', connections.destination),
  ];
}

function settingsOf({
  connectorProfileProperties = {},
}: NonNullable<FlowConnections['source']>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(connectorProfileProperties).map(([key, value]) => [key, String(value)]),
  );
}
