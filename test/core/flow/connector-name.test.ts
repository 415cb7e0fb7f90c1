import { describe, expect, it } from 'vitest';
import { destinationConnectorName, sourceConnectorName } from '../../../core/flow/connector-name.ts';
import { checkFlow } from '../../../core/flow/read.ts';
import { mutated } from './mutated.ts';

const flow = (name: string) => checkFlow(mutated(name, {}), 'flow.json');
const hubspot = flow('18-hubspot-map-all');

describe('sourceConnectorName', () => {
  it('is the connectorType, or the label of the connection', () => {
    expect(sourceConnectorName(flow('06-sap-odata-parallel-s3'))).toBe('SAPOData');
    expect(sourceConnectorName(flow('11-s3-custom-connector-upsert'))).toBe('S3');
    const connection = {
      connectorProfileName: 'hubspot-main',
      connectorType: 'CustomConnector',
      connectorLabel: 'HubSpot',
    } as const;
    expect(sourceConnectorName(hubspot, connection)).toBe('HubSpot');
  });

  it.each([
    [undefined, "flow hubspot-contacts: there is no connection 'hubspot-main'; add its file"],
    [
      { connectorProfileName: 'other', connectorType: 'CustomConnector', connectorLabel: 'HubSpot' } as const,
      'flow hubspot-contacts: this is not the connection that the flow names; got other; expected hubspot-main',
    ],
    [
      { connectorProfileName: 'hubspot-main', connectorType: 'Zendesk' } as const,
      'flow hubspot-contacts, hubspot-main: the connection is for another connector; got Zendesk; expected CustomConnector',
    ],
  ])('refuses the connection %j', (connection, message) => {
    expect(() => sourceConnectorName(hubspot, connection)).toThrow(
      expect.objectContaining({ name: 'ConnectionInvalid' }),
    );
    expect(() => sourceConnectorName(hubspot, connection)).toThrow(message);
  });
});

describe('destinationConnectorName', () => {
  it('is found the same way', () => {
    expect(destinationConnectorName(hubspot)).toBe('S3');
    const connection = {
      connectorProfileName: 'crm',
      connectorType: 'CustomConnector',
      connectorLabel: 'Stripe',
    } as const;
    expect(destinationConnectorName(flow('11-s3-custom-connector-upsert'), connection)).toBe('Stripe');
  });
});
