import type { LoadedConnector } from '../../core/connector/loaded.ts';
import type { ConnectorRegistration } from '../../core/custom-connector/registration.ts';
import { connectorConnection } from './connection.ts';
import { customDestination } from './destination.ts';
import type { ConnectorHost } from './host.ts';
import { customSource } from './source.ts';

/** A registered custom connector, in the form of the registry's connectors. */
export function customConnector(registration: ConnectorRegistration, host: ConnectorHost): LoadedConnector {
  return {
    kind: 'coded',
    label: registration.connectorLabel,
    source: customSource(registration, host),
    destination: customDestination(registration, host),
    connection: connectorConnection(registration),
  };
}
