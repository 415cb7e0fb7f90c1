/**
 * The vendors' own machine-readable specifications, by the connector's name in the registry: files in the folder that
 * `TRIBUTARY_VENDOR_SPECS` names. A third party's transcription proves nothing and has no place here.
 */
export const specifications: Readonly<Record<string, readonly string[]>> = {
  GitHub: ['github.json'],
  GoogleAnalytics4: ['google-analytics-4.json', 'google-analytics-admin.json'],
  GoogleSearchConsole: ['google-search-console.json'],
  GoogleSheets: ['google-sheets.json', 'google-drive.json'],
  JiraCloud: ['jira-v3.json'],
  Marketo: ['marketo-mapi.json', 'marketo-asset.json', 'marketo-identity.json'],
  Mixpanel: ['mixpanel-query.json', 'mixpanel-export.json', 'mixpanel-annotations.json'],
  Salesforce: ['salesforce.json'],
  Slack: ['slack.json'],
  Stripe: ['stripe.json'],
  WooCommerce: ['woocommerce.json'],
  Zendesk: ['zendesk.json'],
};

/** Schemas of records alone: they know no paths and no parameters. Types are those of the entities' names, but for `types`. */
export const recordSchemas: Readonly<
  Record<string, { readonly files: readonly string[]; readonly types: Readonly<Record<string, string>> }>
> = {
  QuickBooksOnline: {
    files: ['Finance', 'IntuitBaseTypes', 'IntuitNamesTypes', 'Report', 'SalesTax'].map(
      (name) => `quickbooks-xsd/${name}.xsd`,
    ),
    types: { ProfitAndLoss: 'Report' },
  },
};

/** Declared connectors whose vendors publish none, or none that the folder has, and why. */
export const withoutSpecification: Readonly<Record<string, string>> = {
  HubSpot: 'the folder has none',
  Okta: 'the folder has none',
  PayPal: 'the folder has none',
  Amplitude: 'what there is was written by third parties',
  MicrosoftDynamics365: 'what there is was written by third parties; all entities are discovered',
  SAPOData: 'each service has its own; all entities are discovered',
  Servicenow: 'third parties have written theirs; tables are discovered',
};
