import { boolean, date, dateTime, entity, listOrNone, single, string, struct } from '#core';
import { common, inNoOrder, path, query } from './query.ts';

export const companyInfo = entity({
  label: 'Company Info',
  docs: 'https://developer.intuit.com/app/developer/qbo/docs/api/accounting/all-entities/companyinfo#query-a-companyinfo',
  path,
  query,
  search: inNoOrder,
  records: listOrNone('QueryResponse.CompanyInfo'),
  primaryKey: ['Id'],
  fields: {
    ...common,
    CompanyAddr: struct(),
    CompanyName: string(),
    CompanyStartDate: dateTime({ format: 'date' }),
    Country: string(),
    CustomerCommunicationAddr: struct(),
    Email: struct(),
    FiscalYearStartMonth: string(),
    LegalAddr: struct(),
    LegalName: string(),
    NameValue: struct(),
    PrimaryPhone: struct(),
    SupportedLanguages: string(),
    WebAddr: struct(),
  },
});

export const preferences = entity({
  label: 'Preference',
  docs: 'https://developer.intuit.com/app/developer/qbo/docs/api/accounting/all-entities/preferences#query-a-preferences',
  path,
  query,
  search: inNoOrder,
  records: listOrNone('QueryResponse.Preferences'),
  primaryKey: ['Id'],
  fields: {
    ...common,
    AccountingInfoPrefs: struct(),
    CurrencyPrefs: struct(),
    EmailMessagesPrefs: struct(),
    OtherPrefs: struct(),
    ProductAndServicesPrefs: struct({ label: 'ProductAndServices Prefs' }),
    ReportPrefs: struct(),
    SalesFormsPrefs: struct(),
    TaxPrefs: struct(),
    TimeTrackingPrefs: struct(),
    VendorAndPurchasesPrefs: struct({ label: 'VendorAndPurchases Prefs' }),
  },
});

export const taxAgency = entity({
  label: 'Tax Agency',
  docs: 'https://developer.intuit.com/app/developer/qbo/docs/api/accounting/all-entities/taxagency#query-a-taxagency',
  path,
  query,
  search: inNoOrder,
  records: listOrNone('QueryResponse.TaxAgency'),
  primaryKey: ['Id'],
  fields: {
    ...common,
    DisplayName: string(),
    LastFileDate: date(),
    TaxAgencyConfig: string(),
    TaxRegistrationNumber: string(),
    TaxTrackedOnPurchases: boolean(),
    TaxTrackedOnSales: boolean(),
  },
});

/** The vendor's words for a parameter's value are the vendor's to check. */
const set = (param: string) => ({ EQUAL_TO: param });

export const profitAndLoss = entity({
  label: 'Profit And Loss',
  docs: 'https://developer.intuit.com/app/developer/qbo/docs/api/accounting/all-entities/profitandloss#query-a-report',
  path: '/v3/company/{companyId}/reports/ProfitAndLoss',
  query,
  records: single(),
  pagination: 'onePage',
  primaryKey: ['StartPeriod', 'EndPeriod'],
  parameters: {
    accounting_method: string({
      label: 'Accounting Method',
      values: ['Accrual', 'Cash'],
      filters: set('accounting_method'),
    }),
    adjusted_gain_loss: string({
      label: 'Adjusted Gain Loss',
      values: ['true', 'false'],
      filters: set('adjusted_gain_loss'),
    }),
    class: string({ label: 'Class', description: 'IDs, joined by commas.', filters: set('class') }),
    customer: string({ label: 'Customer', description: 'IDs, joined by commas.', filters: set('customer') }),
    date_macro: string({
      label: 'Date Macro',
      description: 'A span of time by name: This Fiscal Year-to-date.',
      filters: set('date_macro'),
    }),
    department: string({
      label: 'Department',
      description: 'IDs, joined by commas.',
      filters: set('department'),
    }),
    end_date: date({ label: 'End Date', filters: set('end_date') }),
    item: string({ label: 'Item', description: 'IDs, joined by commas.', filters: set('item') }),
    qzurl: string({
      label: 'qzurl',
      description: 'true: rows have links to the details.',
      values: ['true', 'false'],
      filters: set('qzurl'),
    }),
    sort_order: string({
      label: 'Sort Order',
      values: ['ascend', 'descend'],
      filters: set('sort_order'),
    }),
    start_date: date({ label: 'Start Date', filters: set('start_date') }),
    summarize_column_by: string({
      label: 'Summarize Column By',
      description: 'Total (default), Month, Week, Days, Quarter, Year, Customers, Vendors, Classes …',
      filters: set('summarize_column_by'),
    }),
    vendor: string({ label: 'Vendor', description: 'IDs, joined by commas.', filters: set('vendor') }),
  },
  fields: {
    StartPeriod: date({ at: 'Header.StartPeriod' }),
    EndPeriod: date({ at: 'Header.EndPeriod' }),
    Header: struct(),
    Columns: struct(),
    Rows: struct(),
  },
});
