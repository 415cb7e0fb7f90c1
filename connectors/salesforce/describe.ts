import type { DiscoveredEntity, DiscoveredField, FilterOperator } from '#core';

/** https://developer.salesforce.com/docs/atlas.en-us.api.meta/api/sforce_api_calls_describesobjects_describesobjectresult.htm */
export interface DescribedObject {
  readonly name: string;
  readonly label: string;
  readonly queryable: boolean;
  readonly fields: readonly DescribedField[];
}

interface DescribedField {
  readonly name: string;
  readonly label: string;
  readonly type: string;
  readonly inlineHelpText?: string | null;
  readonly filterable: boolean;
  readonly createable?: boolean;
  readonly updateable?: boolean;
  readonly externalId?: boolean;
  readonly deprecatedAndHidden: boolean;
  /** Of a part of an address, a location or a name. */
  readonly compoundFieldName?: string | null;
}

type Filters = NonNullable<DiscoveredField['filters']>;

function by(filter: true | { readonly exact: false }, ...operators: readonly FilterOperator[]): Filters {
  return Object.fromEntries(operators.map((operator) => [operator, filter]));
}

// Texts are compared without regard to case.
const key = by({ exact: false }, 'EQUAL_TO');
const text = by({ exact: false }, 'EQUAL_TO', 'CONTAINS');
const orderings = [
  'LESS_THAN',
  'LESS_THAN_OR_EQUAL_TO',
  'GREATER_THAN',
  'GREATER_THAN_OR_EQUAL_TO',
  'BETWEEN',
] as const;
const value = by(true, 'EQUAL_TO', 'NOT_EQUAL_TO', ...orderings);

/**
 * All others are texts. Currencies and percentages are doubles to the API, whatever digits their definition shows:
 * https://developer.salesforce.com/docs/atlas.en-us.object_reference.meta/object_reference/field_types.htm
 */
const types: Readonly<Record<string, DiscoveredField>> = {
  boolean: { type: 'Boolean', filters: by(true, 'EQUAL_TO', 'NOT_EQUAL_TO') },
  int: { type: 'Integer', filters: value },
  long: { type: 'Long', filters: value },
  double: { type: 'Double', filters: value },
  currency: { type: 'Double', filters: value },
  percent: { type: 'Double', filters: value },
  date: { type: 'Date', filters: value },
  // A query names whole seconds.
  datetime: { type: 'DateTime', filters: by({ exact: false }, ...orderings) },
  time: { type: 'Time' },
  id: { type: 'String', filters: key },
  reference: { type: 'String', filters: key },
  // LIKE is for plain texts.
  multipicklist: { type: 'String', filters: key },
};

/** Neither API gives these as values of a query: files come by a request each, complex values not at all by Bulk. */
const unread = new Set(['base64', 'complexvalue']);
/** Objects that the REST API gives and the Bulk API does not: they are made of their parts. */
const compound = new Set(['address', 'location']);
const part =
  /(Street|City|StateCode|State|PostalCode|CountryCode|Country|Latitude|Longitude|GeocodeAccuracy)(__s)?$/i;

export function discoveredEntity({ name, label, fields }: DescribedObject): DiscoveredEntity {
  const read = fields.filter((field) => !field.deprecatedAndHidden && !unread.has(field.type));
  return {
    name,
    label,
    fields: Object.fromEntries(
      read.flatMap((field) => {
        const discovered = compound.has(field.type) ? structOf(field, read) : plainOf(field);
        const { label: title, inlineHelpText: description } = field;
        return discovered
          ? [[field.name, { ...discovered, label: title, ...(description && { description }) }]]
          : [];
      }),
    ),
  };
}

function plainOf(field: DescribedField): DiscoveredField {
  const { filters, ...known } = types[field.type] ?? { type: 'String', filters: text };
  return { ...known, ...(filters && field.filterable && { filters }), ...writeOf(field) };
}

/**
 * What the account may write. Times of day stay out: the API writes them otherwise than records hold them.
 *
 * A record is changed and removed by its id, and upserted by an external id alone:
 * https://developer.salesforce.com/docs/platform/api-rest/guide/resources-composite-sobjects-collections-upsert.html
 */
function writeOf({
  name,
  type,
  createable,
  updateable,
  externalId,
}: DescribedField): Pick<DiscoveredField, 'write' | 'identifies'> {
  if (name === 'Id') return { write: ['UPDATE', 'DELETE'], identifies: ['UPDATE', 'DELETE'] };
  if (type === 'time') return {};
  const write = [
    ...(createable ? (['INSERT'] as const) : []),
    ...(updateable ? (['UPDATE'] as const) : []),
    // Whether a record is made or changed is not known before.
    ...(createable && updateable ? (['UPSERT'] as const) : []),
  ];
  return { ...(write.length > 0 && { write }), ...(externalId && { identifies: ['UPSERT'] }) };
}

function structOf({ name }: DescribedField, fields: readonly DescribedField[]): DiscoveredField | undefined {
  const parts = fields.flatMap((field) => {
    const [, member] = (field.compoundFieldName === name && part.exec(field.name)) || [];
    return member ? [[member.charAt(0).toLowerCase() + member.slice(1), field.name]] : [];
  });
  return parts.length > 0 ? { type: 'Struct', parts: Object.fromEntries(parts) } : undefined;
}
