import {
  clientCredentials,
  dateTime,
  defineConnector,
  entity,
  oauth2,
  pageNumber,
  string,
  struct,
} from '#core';

/** Both come with an app's feature "Transaction Search"; balances are asked for to try a connection. */
const scopes = [
  'https://uri.paypal.com/services/reporting/search/read',
  'https://uri.paypal.com/services/reporting/balances/read',
];

/** The guide's object has the answer's own time of refresh: each transaction gets it. */
function transactions(answer: unknown): readonly object[] {
  const { transaction_details: details = [], last_refreshed_datetime = null } = answer as {
    readonly transaction_details?: readonly object[];
    readonly last_refreshed_datetime?: string;
  };
  return details.map((detail) => ({ ...detail, last_refreshed_datetime }));
}

/** The vendor does not say how it compares: it narrows, and the engine compares again. */
const narrowedBy = (param: string) => ({ EQUAL_TO: { param, exact: false } }) as const;

const searched = {
  store_id: string({ label: 'Store ID', at: 'store_info.store_id', filters: narrowedBy('store_id') }),
  terminal_id: string({
    label: 'Terminal ID',
    at: 'store_info.terminal_id',
    filters: narrowedBy('terminal_id'),
  }),
  transaction_currency: string({
    label: 'Transaction Currency',
    at: 'transaction_info.transaction_amount.currency_code',
    filters: narrowedBy('transaction_currency'),
  }),
  transaction_id: string({
    label: 'Transaction ID',
    at: 'transaction_info.transaction_id',
    filters: narrowedBy('transaction_id'),
  }),
  transaction_status: string({
    label: 'Transaction Status',
    at: 'transaction_info.transaction_status',
    values: ['D', 'P', 'S', 'V'],
    filters: narrowedBy('transaction_status'),
  }),
  transaction_type: string({
    label: 'Transaction Type',
    description: 'A transaction event code: T0006.',
    at: 'transaction_info.transaction_event_code',
    filters: narrowedBy('transaction_type'),
  }),
};

export const paypal = defineConnector({
  label: 'PayPal',
  docs: 'https://developer.paypal.com/docs/api/transaction-search/v1/',
  apiVersion: 'v1',
  baseUrl: '{instanceUrl}',
  hosts: ['api-m.paypal.com', 'api-m.sandbox.paypal.com', 'www.paypal.com', 'www.sandbox.paypal.com'],
  auth: [
    // https://developer.paypal.com/api/rest/authentication/
    clientCredentials({ tokenUrl: '{instanceUrl}/v1/oauth2/token', scopes, clientAuthentication: 'basic' }),
    // https://developer.paypal.com/docs/log-in-with-paypal/integrate/
    oauth2({
      authorizeUrl: '{signInUrl}/signin/authorize',
      tokenUrl: '{instanceUrl}/v1/oauth2/token',
      scopes: ['openid', ...scopes],
      clientAuthentication: 'basic',
    }),
  ],
  validateCredentials: 'GET /v1/reporting/balances',
  clock: 'GET /v1/reporting/balances',
  settings: {
    instanceUrl: {
      label: 'Instance URL',
      description: 'Live or sandbox.',
      default: 'https://api-m.paypal.com',
      values: ['https://api-m.paypal.com', 'https://api-m.sandbox.paypal.com'],
    },
    signInUrl: {
      label: 'Sign-in URL',
      description: 'Where a person consents, live or sandbox; of no use with client credentials.',
      default: 'https://www.paypal.com',
      values: ['https://www.paypal.com', 'https://www.sandbox.paypal.com'],
    },
  },
  // https://developer.paypal.com/api/rest/reference/rate-limiting/: no limits are named.
  rateLimit: { otherwiseSeconds: 60 },
  errors: {
    message: 'message',
    vendorCode: 'name',
    requestId: 'paypal-debug-id',
    // No more than 10,000 transactions, all pages of a range together.
    rules: [{ status: [400], vendorCode: 'RESULTSET_TOO_LARGE', code: 'WindowTooLarge' }],
  },
  // https://developer.paypal.com/docs/transaction-search/: up to three hours until a transaction is listed.
  settleSeconds: 3 * 3600,
  entities: {
    transactions: entity({
      label: 'Transaction',
      docs: 'https://developer.paypal.com/docs/api/transaction-search/v1/#transactions_get',
      path: '/v1/reporting/transactions',
      query: { fields: 'all' },
      records: transactions,
      // A transaction that changes leaves the range, and all behind it move up.
      pagination: pageNumber({
        param: 'page',
        first: 1,
        size: { page_size: 500 },
        pages: 'total_pages',
        total: 'total_items',
      }),
      // An ID alone may come twice: once as the payment, once as what it does to the balance.
      primaryKey: ['transaction_id', 'transaction_type'],
      mayRepeat: true,
      incremental: {
        field: 'transaction_updated_date',
        from: 'start_date',
        // Whether end_date itself is included is left open; a transaction on the seam of two slices may come twice.
        to: { param: 'end_date', operator: 'LESS_THAN' },
        parameter: 'date_range',
        // 31 days are allowed; the shorter the range, the less moves while its pages are read.
        sliceDays: 7,
        reachDays: 3 * 365,
      },
      parameters: {
        balance_affecting_records_only: string({
          label: 'Balance Affecting Records Only',
          description: 'Y (default) or N: all transactions.',
          values: ['Y', 'N'],
          filters: { EQUAL_TO: 'balance_affecting_records_only' },
        }),
        date_range: dateTime({
          label: 'Date Range',
          filters: { BETWEEN: { from: 'start_date', to: 'end_date' } },
        }),
        payment_instrument_type: string({
          label: 'Payment Instrument Type',
          values: ['CREDITCARD', 'DEBITCARD'],
          filters: { EQUAL_TO: 'payment_instrument_type' },
        }),
      },
      fields: {
        ...searched,
        auction_info: struct({ label: 'Auction Info' }),
        cart_info: struct({ label: 'Cart Info' }),
        incentive_info: struct({ label: 'Incentive Info' }),
        last_refreshed_datetime: string({ label: 'Last Refreshed Date Time' }),
        payer_info: struct({ label: 'Payer Info' }),
        shipping_info: struct({ label: 'Shipping Info' }),
        store_info: struct({ label: 'Store Info' }),
        transaction_info: struct({ label: 'Transaction Info' }),
        transaction_updated_date: dateTime({
          label: 'Transaction Updated Date',
          at: 'transaction_info.transaction_updated_date',
        }),
      },
    }),
  },
});
