import {
  type DiscoveredEntity,
  type DiscoveredField,
  dateTime,
  type Entity,
  type MetadataReader,
  type WriteRequest,
} from '#core';
import { exportOf, longestRange, rangeOf } from './bulk.ts';

/** https://experienceleague.adobe.com/en/docs/marketo-developer/marketo/rest/field-types; all others are texts. */
const types: Readonly<Record<string, DiscoveredField>> = {
  boolean: { type: 'Boolean' },
  currency: { type: 'BigDecimal' },
  date: { type: 'Date' },
  // A window is the vendor's: what it gives is not compared again.
  datetime: { type: 'DateTime', format: 'iso8601Seconds' },
  float: { type: 'Double' },
  integer: { type: 'Long' },
  percent: { type: 'Long' },
  score: { type: 'Long' },
};

interface LeadField {
  readonly displayName: string;
  readonly dataType: string;
  /** Absent for fields that the REST API does not have. */
  readonly rest?: { readonly name: string; readonly readOnly?: boolean };
}

/** Standard fields and the account's own; formulas are not exported. */
export async function describeLeads(reader: MetadataReader): Promise<DiscoveredEntity> {
  const { result } = (await reader.get('/rest/v1/leads/describe.json')) as {
    readonly result: readonly LeadField[];
  };
  return {
    name: 'leads',
    label: 'Lead',
    fields: Object.fromEntries(
      result.flatMap(({ rest, dataType, displayName: label }) =>
        rest && dataType !== 'formula'
          ? [[rest.name, { ...(types[dataType] ?? { type: 'String' as const }), label, ...writeOf(rest) }]]
          : [],
      ),
    ),
  };
}

/** Marketo gives ids itself: leads go by their email address. */
function writeOf({
  name,
  readOnly,
}: {
  readonly name: string;
  readonly readOnly?: boolean;
}): Pick<DiscoveredField, 'write'> {
  return readOnly || name === 'id' ? {} : { write: ['INSERT'] };
}

/**
 * A lead whose email address is known is changed, as in Marketo's own imports, which AppFlow writes by: so a request that is sent
 * again makes no lead twice.
 *
 * https://experienceleague.adobe.com/en/docs/marketo-developer/marketo/rest/lead-database/leads#create-and-update
 */
const insert: WriteRequest = {
  request: 'POST /rest/v1/leads.json',
  records: 300,
  body: (records) => ({ action: 'createOrUpdate', lookupField: 'email', input: records }),
  results: {
    at: 'result',
    written: { path: 'status', is: ['created', 'updated'] },
    code: 'reasons[*].code',
    message: 'reasons[*].message',
  },
};

export function leads({ label, fields }: DiscoveredEntity): Entity {
  return {
    label,
    docs: 'https://experienceleague.adobe.com/en/docs/marketo-developer/marketo/rest/bulk-extract/bulk-lead-extract',
    path: '/bulk/v1/leads/export/create.json',
    method: 'POST',
    body: { format: 'CSV' },
    projection: (paths) => ({ fields: paths }),
    job: exportOf('leads'),
    write: { INSERT: insert },
    primaryKey: ['id'],
    mayRepeat: true,
    incremental: {
      // The filter of that name knows of changes to all fields, the field of standard ones alone.
      field: 'updatedAt',
      ...rangeOf('updatedAt'),
      sliceDays: longestRange,
      // Longer than there are accounts.
      reachDays: 20 * 365,
      reach: rangeOf('createdAt'),
      parameter: 'createdRange',
    },
    parameters: {
      createdRange: dateTime({
        label: 'Created between',
        filters: { BETWEEN: rangeOf('createdAt') },
      }),
    },
    fields,
  };
}
