/**
 * The catalogue of AppFlow's guide (test/fixtures/catalog, one file an application), and how a declaration answers to it.
 * What the vendor has no more, or has in another type, is excused in the connector's `excused.json`:
 * `[{ object, field, docs }]`, a whole object without `field`.
 */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import type { Connector, Entity, Field } from '#core';
import { declared } from './connector-fixtures.ts';
import { folderOf } from './declarations.ts';

export interface Catalog {
  /** The guide's name. */
  readonly application: string;
  readonly authTypes: readonly string[];
  readonly objects: readonly {
    readonly object: string;
    readonly fields: readonly {
      readonly name: string;
      readonly type: string;
      readonly filters?: readonly string[];
    }[];
    /** Request parameters that filters set. */
    readonly filterParameters?: readonly { readonly name: string; readonly required: boolean }[];
  }[];
}

export interface Excuse {
  readonly object: string;
  /** Default: the object itself, which then is not declared. */
  readonly field?: string;
  /** The vendor's page that shows that there is no such field, or object. */
  readonly docs: string;
}

const home = new URL('../fixtures/catalog/', import.meta.url);
export const catalogs = readdirSync(home).map(
  (file): Catalog => JSON.parse(readFileSync(new URL(file, home), 'utf8')),
);

const plain = (name: string) => name.toLowerCase().replace(/[^a-z0-9]/g, '');
/** The catalogued applications that have a declared connector. */
export const applications = catalogs.flatMap((catalog) => {
  const found = declared.find(({ name, connector }) =>
    [name, connector.label].some((label) => plain(label) === plain(catalog.application)),
  );
  return found ? [{ ...catalog, connector: found.connector }] : [];
});

export function excusesOf(connector: Connector): readonly Excuse[] {
  const file = new URL(`../../connectors/${folderOf(connector)}/excused.json`, import.meta.url);
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : [];
}

export function byLabel<T extends { readonly label?: string }>(
  among: Readonly<Record<string, T>> | undefined,
  label: string,
): T | undefined {
  const named = Object.entries(among ?? {}).find(([name, one]) => plain(one.label ?? name) === plain(label));
  return named?.[1];
}

/** Types that hold all values of the guide's type: amounts of cents outgrow an Integer. */
const wider: Readonly<Record<string, readonly string[]>> = {
  Integer: ['Long', 'BigInteger'],
  Long: ['BigInteger'],
  Double: ['BigDecimal'],
};

/** What is wrong with the field that the guide names. */
export function fieldFinding(
  entity: Entity,
  { name, type, filters = [] }: Catalog['objects'][number]['fields'][number],
): string | undefined {
  const parameter = byLabel(entity.parameters, name);
  const field: Field | undefined = parameter ?? byLabel(entity.fields, name);
  if (!field) return 'missing';
  if (field.type !== type && !wider[type]?.includes(field.type)) return `is ${field.type}, not ${type}`;
  // Of a field the engine applies every operator; a parameter has those that it declares.
  const operators = parameter ? Object.keys(parameter.filters ?? { EQUAL_TO: '' }) : filters;
  const missing = filters.filter((operator) => !operators.includes(operator));
  return missing.length > 0 ? `lacks ${missing.join(', ')}` : undefined;
}
