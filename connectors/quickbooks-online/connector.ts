import { defineConnector, oauth2 } from '#core';
import { companyInfo, preferences, profitAndLoss, taxAgency } from './entities/company.ts';
import { account, customer, employee, item, vendor } from './entities/name-lists.ts';
import { pages } from './entities/query.ts';
import { bill, estimate, invoice, payment } from './entities/transactions.ts';

export const quickBooksOnline = defineConnector({
  label: 'QuickBooks Online',
  docs: 'https://developer.intuit.com/app/developer/qbo/docs/api/accounting/all-entities/account',
  apiVersion: 'v3, minor version 75',
  baseUrl: '{instanceUrl}',
  hosts: ['quickbooks.api.intuit.com', 'sandbox-quickbooks.api.intuit.com'],
  headers: { accept: 'application/json' },
  auth: [
    // https://developer.intuit.com/app/developer/qbo/docs/develop/authentication-and-authorization/oauth-2.0
    oauth2({
      authorizeUrl: 'https://appcenter.intuit.com/connect/oauth2',
      tokenUrl: 'https://oauth.platform.intuit.com/oauth2/v1/tokens/bearer',
      scopes: ['com.intuit.quickbooks.accounting'],
      clientAuthentication: 'basic',
      rotatesRefreshToken: true,
    }),
  ],
  validateCredentials: 'GET /v3/company/{companyId}/companyinfo/{companyId}?minorversion=75',
  clock: 'GET /v3/company/{companyId}/companyinfo/{companyId}?minorversion=75',
  settings: {
    instanceUrl: {
      label: 'Instance URL',
      description: 'Production or development.',
      default: 'https://quickbooks.api.intuit.com',
      values: ['https://quickbooks.api.intuit.com', 'https://sandbox-quickbooks.api.intuit.com'],
    },
    companyId: {
      label: 'QuickBooks CompanyId',
      description:
        'The realm ID: a number in the account settings, and in the address that consent returns to.',
      pattern: { source: '\\d+', example: '4620816365012345678' },
    },
  },
  pagination: pages,
  // https://developer.intuit.com/app/developer/qbo/docs/learn/limits-and-throttles
  rateLimit: { budget: { requests: 500, seconds: 60 }, otherwiseSeconds: 60 },
  // https://developer.intuit.com/app/developer/qbo/docs/develop/troubleshooting/error-codes: a 200 may hold a fault.
  errors: {
    inBody: { path: 'Fault' },
    message: 'Fault.Error[*].Detail',
    vendorCode: 'Fault.Error[*].code',
    requestId: 'intuit_tid',
    rules: [
      { vendorCode: '120', code: 'AccessDenied' },
      { vendorCode: '3200', code: 'InvalidCredentials' },
    ],
  },
  entities: {
    Account: account,
    Bill: bill,
    CompanyInfo: companyInfo,
    Customer: customer,
    Employee: employee,
    Estimate: estimate,
    Invoice: invoice,
    Item: item,
    Payment: payment,
    Preferences: preferences,
    ProfitAndLoss: profitAndLoss,
    TaxAgency: taxAgency,
    Vendor: vendor,
  },
});
