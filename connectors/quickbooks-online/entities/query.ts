import { by, dateTime, offset, type Search, string, struct } from '#core';

const operators: Readonly<Record<string, string>> = {
  EQUAL_TO: '=',
  GREATER_THAN: '>',
  GREATER_THAN_OR_EQUAL_TO: '>=',
  LESS_THAN: '<',
  LESS_THAN_OR_EQUAL_TO: '<=',
};

/** What the vendor's page says of quotes is all that it says of escaping. */
function quoted(value: string): string | undefined {
  return value.includes('\\') ? undefined : `'${value.replaceAll("'", "\\'")}'`;
}

/** Queries: https://developer.intuit.com/app/developer/qbo/docs/learn/explore-the-quickbooks-online-api/data-queries */
const searchWith = ({ order = '', also = '' }: { order?: string; also?: string }): Search => ({
  param: 'query',
  condition({ path, field, operator, values }) {
    const word = operators[operator];
    const literals = values.map((value) => (field.type === 'Boolean' ? value : quoted(value)));
    if (!word || literals.includes(undefined)) return undefined;
    if (literals.length === 1) return `${path} ${word} ${literals[0]}`;
    // There is no OR.
    return operator === 'EQUAL_TO' ? `${path} IN (${literals.join(', ')})` : undefined;
  },
  expression(conditions, { entityName, start, size }) {
    const isAsked = conditions.some((one) => String(one).startsWith('Active '));
    const all = isAsked || also === '' ? conditions : [...conditions, also];
    return [
      `SELECT * FROM ${entityName}`,
      ...(all.length > 0 ? [`WHERE ${all.join(' AND ')}`] : []),
      ...(order === '' ? [] : [`ORDERBY ${order}`]),
      `STARTPOSITION ${start} MAXRESULTS ${size}`,
    ].join(' ');
  },
});

const order = 'MetaData.LastUpdatedTime';
/** Of entities that have but a few records. */
export const inNoOrder = searchWith({});
export const oldestFirst = searchWith({ order });
/** A query that says nothing of Active finds active customers, items and the like alone. */
export const activeOrNot = searchWith({ order, also: 'Active IN (true, false)' });

export const path = '/v3/company/{companyId}/query';
/** From August 2025 on the only one: https://developer.intuit.com/app/developer/qbo/docs/learn/explore-the-quickbooks-online-api/minor-versions */
export const query = { minorversion: '75' };
export const pages = offset({ size: 1000, first: 1 });

/** A change moves a record to the end; asked for anew from the last record's stamp, the list passes nothing over. */
export const changed = { field: 'LastUpdatedTime', from: true, to: true, order: 'oldestFirst' } as const;

/** The vendor does not say whether texts are compared with regard to case. */
export const texts = by({ exact: false }, 'EQUAL_TO');

export const ordered = by(
  { exact: false },
  'EQUAL_TO',
  'GREATER_THAN',
  'GREATER_THAN_OR_EQUAL_TO',
  'LESS_THAN',
  'LESS_THAN_OR_EQUAL_TO',
);

/** Of every record. */
export const common = {
  Id: string({ filters: by(true, 'EQUAL_TO') }),
  SyncToken: string(),
  MetaData: struct(),
  CreateTime: dateTime({ at: 'MetaData.CreateTime', filters: ordered }),
  LastUpdatedTime: dateTime({ at: 'MetaData.LastUpdatedTime', filters: ordered }),
};
