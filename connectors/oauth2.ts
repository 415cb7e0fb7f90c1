/**
 * The connectors with an OAuth 2 grant, and whether a vendor replaces the refresh token with every use: the roles of flows
 * depend on it, and a construct cannot wait for a declaration to load. A test compares this with the declarations.
 */
export const oauth2Connectors: Readonly<Record<string, { readonly rotates: boolean }>> = {
  GitHub: { rotates: false },
  GoogleAnalytics4: { rotates: false },
  GoogleSearchConsole: { rotates: false },
  GoogleSheets: { rotates: false },
  HubSpot: { rotates: false },
  JiraCloud: { rotates: true },
  Marketo: { rotates: false },
  MicrosoftDynamics365: { rotates: true },
  Okta: { rotates: false },
  PayPal: { rotates: false },
  QuickBooksOnline: { rotates: true },
  SAPOData: { rotates: false },
  Salesforce: { rotates: true },
  Servicenow: { rotates: false },
  Slack: { rotates: true },
  Zendesk: { rotates: true },
};
