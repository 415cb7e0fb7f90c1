import { apiKey, defineConnector, lastRecord } from '#core';
import { balance } from './entities/balance.ts';
import { billing } from './entities/billing.ts';
import { connect } from './entities/connect.ts';
import { files } from './entities/files.ts';
import { payments } from './entities/payments.ts';
import { products } from './entities/products.ts';

export const stripe = defineConnector({
  label: 'Stripe',
  docs: 'https://docs.stripe.com/api',
  // The last version with all that AppFlow's guide names: 2022-08-01 renamed `shipping` of sessions, 2022-11-15 took `charges`
  // from payment intents and left `refunds` of charges empty. https://docs.stripe.com/changelog#previous-versions
  apiVersion: '2020-08-27',
  baseUrl: 'https://api.stripe.com',
  headers: { accept: 'application/json', 'stripe-version': '2020-08-27' },
  auth: [apiKey({ label: 'API Key', scheme: 'Bearer' })],
  validateCredentials: 'GET /v1/customers?limit=1',
  records: 'data',
  // https://docs.stripe.com/api/pagination
  pagination: lastRecord({ field: 'id', param: 'starting_after', more: 'has_more', size: { limit: 100 } }),
  // https://docs.stripe.com/api/errors
  errors: { message: 'error.message', vendorCode: 'error.code', requestId: 'request-id' },
  // A record is stamped when its request comes in and listed when that is done, which a slow card issuer delays.
  settleSeconds: 60,
  entities: { ...payments, ...billing, ...products, ...balance, ...connect, ...files },
});
