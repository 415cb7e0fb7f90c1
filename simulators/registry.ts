import type { Vendor } from './vendor.ts';
import { stripe } from './vendors/stripe.ts';

/** By the name on the command line, which is that of the connector's folder. */
export const vendors: Readonly<Record<string, Vendor>> = { stripe };
