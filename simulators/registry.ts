import type { Vendor } from './vendor.ts';
import { github } from './vendors/github.ts';
import { hubspot } from './vendors/hubspot.ts';
import { jiraCloud } from './vendors/jira-cloud.ts';
import { okta } from './vendors/okta.ts';
import { slack } from './vendors/slack.ts';
import { stripe } from './vendors/stripe.ts';
import { zendesk } from './vendors/zendesk.ts';

/** By the name on the command line, which is that of the connector's folder. */
export const vendors: Readonly<Record<string, Vendor>> = {
  github,
  hubspot,
  'jira-cloud': jiraCloud,
  okta,
  slack,
  stripe,
  zendesk,
};
