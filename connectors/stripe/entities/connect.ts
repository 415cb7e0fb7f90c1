import { alike, boolean, entity, list, string, struct } from '#core';
import { amount, byCreation, common, created, filtered, identity } from './fields.ts';

export const connect = {
  accounts: entity({
    label: 'Account',
    docs: 'https://docs.stripe.com/api/accounts/list',
    path: '/v1/accounts',
    primaryKey: ['id'],
    incremental: byCreation,
    fields: {
      ...identity,
      created,
      ...alike(string(), 'business_type', 'country', 'default_currency', 'email', 'type'),
      ...alike(boolean(), 'charges_enabled', 'details_submitted', 'payouts_enabled'),
      ...alike(struct(), 'business_profile', 'capabilities', 'company', 'controller', 'future_requirements'),
      ...alike(struct(), 'individual', 'metadata', 'requirements', 'settings', 'tos_acceptance'),
      external_accounts: list({ at: 'external_accounts.data' }),
    },
  }),

  application_fees: entity({
    label: 'Application Fee',
    docs: 'https://docs.stripe.com/api/application_fees/list',
    path: '/v1/application_fees',
    primaryKey: ['id'],
    incremental: byCreation,
    fields: {
      ...identity,
      created,
      ...filtered('charge'),
      ...alike(amount(), 'amount', 'amount_refunded'),
      ...alike(string(), 'account', 'application', 'balance_transaction', 'currency'),
      originating_transaction: string(),
      ...alike(boolean(), 'livemode', 'refunded'),
      refunds: list({ at: 'refunds.data' }),
    },
  }),

  country_specs: entity({
    label: 'Country Spec',
    docs: 'https://docs.stripe.com/api/country_specs/list',
    path: '/v1/country_specs',
    primaryKey: ['id'],
    fields: {
      ...identity,
      default_currency: string(),
      ...alike(struct(), 'supported_bank_account_currencies', 'verification_fields'),
      ...alike(list(), 'supported_payment_currencies', 'supported_payment_methods'),
      supported_transfer_countries: list(),
    },
  }),

  transfers: entity({
    label: 'Transfer',
    docs: 'https://docs.stripe.com/api/transfers/list',
    path: '/v1/transfers',
    primaryKey: ['id'],
    incremental: byCreation,
    fields: {
      ...common,
      ...filtered('destination', 'transfer_group'),
      ...alike(amount(), 'amount', 'amount_reversed'),
      ...alike(string(), 'balance_transaction', 'currency', 'description', 'destination_payment'),
      ...alike(string(), 'source_transaction', 'source_type'),
      reversed: boolean(),
      reversals: list({ at: 'reversals.data' }),
    },
  }),
};
