import { type Connector, checkConnector, type LoadedConnector } from '#core';

export { destinationConnectors } from './destinations.ts';
export { downloadingConnectors } from './downloads.ts';
export { jobConnectors } from './jobs.ts';
export { oauth2Connectors } from './oauth2.ts';
export { workingConnectors } from './working.ts';

/**
 * One line for each connector; the import is literal, so that a bundler gives each a chunk of its own and a run loads
 * only what it uses.
 */
const loaders: Readonly<Record<string, () => Promise<LoadedConnector>>> = {
  Amplitude: async () => declared((await import('./amplitude/connector.ts')).amplitude),
  GitHub: async () => declared((await import('./github/connector.ts')).github),
  GoogleAnalytics4: async () =>
    declared((await import('./google-analytics-4/connector.ts')).googleAnalytics4),
  GoogleSearchConsole: async () =>
    declared((await import('./google-search-console/connector.ts')).googleSearchConsole),
  GoogleSheets: async () => declared((await import('./google-sheets/connector.ts')).googleSheets),
  HubSpot: async () => declared((await import('./hubspot/connector.ts')).hubSpot),
  JDBC: async () => ({
    kind: 'coded',
    label: 'JDBC',
    source: (await import('./jdbc/source.ts')).jdbc,
    connection: (await import('./jdbc/connection.ts')).jdbcConnection,
  }),
  JiraCloud: async () => declared((await import('./jira-cloud/connector.ts')).jiraCloud),
  Marketo: async () => declared((await import('./marketo/connector.ts')).marketo),
  MicrosoftDynamics365: async () =>
    declared((await import('./microsoft-dynamics-365/connector.ts')).microsoftDynamics365),
  Mixpanel: async () => declared((await import('./mixpanel/connector.ts')).mixpanel),
  Okta: async () => declared((await import('./okta/connector.ts')).okta),
  PayPal: async () => declared((await import('./paypal/connector.ts')).paypal),
  QuickBooksOnline: async () => declared((await import('./quickbooks-online/connector.ts')).quickBooksOnline),
  S3: async () => ({
    kind: 'coded',
    label: 'Amazon S3',
    source: (await import('./amazon-s3/source.ts')).amazonS3,
  }),
  SAPOData: async () => declared((await import('./sap-odata/connector.ts')).sapOData),
  Salesforce: async () => declared((await import('./salesforce/connector.ts')).salesforce),
  Servicenow: async () => declared((await import('./servicenow/connector.ts')).serviceNow),
  Slack: async () => declared((await import('./slack/connector.ts')).slack),
  Stripe: async () => declared((await import('./stripe/connector.ts')).stripe),
  WooCommerce: async () => declared((await import('./woocommerce/connector.ts')).woocommerce),
  Zendesk: async () => declared((await import('./zendesk/connector.ts')).zendesk),
};

/** As a flow names them: AppFlow's connectorType, or a connection's connectorLabel. */
export const connectorNames: readonly string[] = Object.keys(loaders);

/** `undefined`: there is no connector of that name. */
export async function loadConnector(name: string): Promise<LoadedConnector | undefined> {
  return Object.hasOwn(loaders, name) ? loaders[name]?.() : undefined;
}

function declared(connector: Connector): LoadedConnector {
  checkConnector(connector);
  return { kind: 'declared', label: connector.label, connector };
}
