import { alike, boolean, dateTime, type Field, long, string, struct } from '#core';

/**
 * A time that Stripe lists by ranges of a parameter, mostly of the same name, as
 * https://docs.stripe.com/api/charges/list#list_charges-created has them.
 */
export function ranged(param: string): Field<'DateTime'> {
  return dateTime({
    format: 'epochSeconds',
    filters: {
      EQUAL_TO: param,
      GREATER_THAN: `${param}[gt]`,
      GREATER_THAN_OR_EQUAL_TO: `${param}[gte]`,
      LESS_THAN: `${param}[lt]`,
      LESS_THAN_OR_EQUAL_TO: `${param}[lte]`,
    },
  });
}

export function moment(): Field<'DateTime'> {
  return dateTime({ format: 'epochSeconds' });
}

/** Texts, ids mostly, that Stripe lists by a parameter of the same name. */
export function filtered<const N extends string>(
  ...names: readonly N[]
): Readonly<Record<N, Field<'String'>>> {
  const fields = names.map((name) => [name, string({ filters: { EQUAL_TO: name } })]);
  return Object.fromEntries(fields) as Record<N, Field<'String'>>;
}

/** In the currency's smallest unit. AppFlow's guide says Integer, but sums above 21,474,836.47 need more than 32 bits. */
export const amount = long;

export const created = ranged('created');

export const identity = alike(string(), 'id', 'object');

export const common = { ...identity, created, livemode: boolean(), metadata: struct() };

/** Lists come by creation, which never moves: what changes later is not seen. */
export const byCreation = {
  field: 'created',
  from: 'created[gte]',
  to: 'created[lt]',
  sees: 'inserts',
} as const;
