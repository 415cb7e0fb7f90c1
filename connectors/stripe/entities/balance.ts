import { alike, boolean, double, entity, list, string, struct } from '#core';
import { amount, byCreation, common, created, filtered, identity, moment, ranged } from './fields.ts';

/** The answer is one object of lists: a record for each kind of money and currency. */
function balancesOf(answer: unknown): readonly object[] {
  return Object.entries(Object(answer)).flatMap(([kind, moneys]) =>
    Array.isArray(moneys) ? moneys.map((money: object) => ({ ...money, kind })) : [],
  );
}

export const balance = {
  balance: entity({
    label: 'Balance',
    docs: 'https://docs.stripe.com/api/balance/balance_retrieve',
    path: '/v1/balance',
    records: balancesOf,
    pagination: 'onePage',
    primaryKey: ['kind', 'currency'],
    fields: {
      kind: string({ description: 'available, pending, connect_reserved, instant_available' }),
      currency: string(),
      amount: amount(),
      source_types: struct(),
    },
  }),

  balance_transactions: entity({
    label: 'Balance Transaction',
    docs: 'https://docs.stripe.com/api/balance_transactions/list',
    path: '/v1/balance_transactions',
    primaryKey: ['id'],
    incremental: byCreation,
    fields: {
      ...identity,
      created,
      ...filtered('currency', 'type'),
      ...alike(amount(), 'amount', 'fee', 'net'),
      exchange_rate: double(),
      ...alike(string(), 'description', 'reporting_category', 'source', 'status'),
      available_on: moment(),
      fee_details: list(),
    },
  }),

  payouts: entity({
    label: 'Payout',
    docs: 'https://docs.stripe.com/api/payouts/list',
    path: '/v1/payouts',
    primaryKey: ['id'],
    incremental: byCreation,
    fields: {
      ...common,
      ...filtered('destination'),
      amount: amount(),
      ...alike(string(), 'balance_transaction', 'currency', 'description', 'failure_balance_transaction'),
      ...alike(string(), 'failure_code', 'failure_message', 'method', 'original_payout'),
      ...alike(string(), 'reconciliation_status', 'reversed_by', 'source_type', 'statement_descriptor'),
      ...alike(string(), 'status', 'type'),
      automatic: boolean(),
      arrival_date: ranged('arrival_date'),
    },
  }),
};
