import type { CodedConnection } from '../../core/connector/loaded.ts';
import { oAuth2Hosts, oAuth2Settings, schemesOf } from '../../core/custom-connector/authentication.ts';
import { settingsOf } from '../../core/custom-connector/configuration.ts';
import type { ConnectorRegistration } from '../../core/custom-connector/registration.ts';
import { grantOf } from '../credentials/grant.ts';
import type { Addressed } from '../http/hosts.ts';

/** What a connection of a custom connector is asked for. */
export function connectorConnection(registration: ConnectorRegistration): CodedConnection {
  const { connectorConfiguration: configuration, connectorLabel: label } = registration;
  const own = settingsOf(configuration, 'CONNECTOR_PROFILE');
  const ofOAuth = oAuth2Settings(configuration);
  const settings = {
    ...Object.fromEntries(
      own.map(({ key, label: name = key, description, connectorSuppliedValueOptions: values = [] }) => [
        key,
        { label: name, ...(description && { description }), ...(values.length > 0 && { values }) },
      ]),
    ),
    ...ofOAuth,
  };
  const hosts = oAuth2Hosts(configuration);
  return {
    settings,
    required: own.filter(({ required }) => required).map(({ key }) => key),
    auth: schemesOf(configuration),
    grantOf(scheme, request) {
      // A flow must not lead the connection's credentials elsewhere: its own properties do not count.
      const addressed: Addressed = { label, settings: ofOAuth, baseUrl: scheme.tokenUrl, hosts };
      return grantOf(addressed, scheme, { ...request, properties: {} });
    },
  };
}
