import type { Vendor } from './vendor.ts';
import { amplitude } from './vendors/amplitude.ts';
import { github } from './vendors/github.ts';
import { googleAnalytics4 } from './vendors/google-analytics-4.ts';
import { googleSearchConsole } from './vendors/google-search-console.ts';
import { googleSheets } from './vendors/google-sheets.ts';
import { hubspot } from './vendors/hubspot.ts';
import { jiraCloud } from './vendors/jira-cloud.ts';
import { marketo } from './vendors/marketo.ts';
import { microsoftDynamics365 } from './vendors/microsoft-dynamics-365.ts';
import { mixpanel } from './vendors/mixpanel.ts';
import { okta } from './vendors/okta.ts';
import { paypal } from './vendors/paypal.ts';
import { quickBooksOnline } from './vendors/quickbooks-online.ts';
import { salesforce } from './vendors/salesforce.ts';
import { sapOData } from './vendors/sap-odata.ts';
import { servicenow } from './vendors/servicenow.ts';
import { slack } from './vendors/slack.ts';
import { stripe } from './vendors/stripe.ts';
import { woocommerce } from './vendors/woocommerce.ts';
import { zendesk } from './vendors/zendesk.ts';

/** By the name on the command line, which is that of the connector's folder. */
export const vendors: Readonly<Record<string, Vendor>> = {
  amplitude,
  github,
  'google-analytics-4': googleAnalytics4,
  'google-search-console': googleSearchConsole,
  'google-sheets': googleSheets,
  hubspot,
  'jira-cloud': jiraCloud,
  marketo,
  'microsoft-dynamics-365': microsoftDynamics365,
  mixpanel,
  okta,
  paypal,
  'quickbooks-online': quickBooksOnline,
  salesforce,
  'sap-odata': sapOData,
  servicenow,
  slack,
  stripe,
  woocommerce,
  zendesk,
};
