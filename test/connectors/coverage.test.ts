/**
 * The registry against the catalogue of AppFlow's guide (test/fixtures/catalog, one file an application): every object, field,
 * type, operator and way to authenticate of a registered connector. What the vendor has no more, or has in another type, is excused in the connector's
 * `excused.json`: `[{ object, field, docs }]`, at most 2 % of its fields.
 */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { AuthScheme, Connector, Entity, Field } from '#core';
import { declarations, declared } from '../support/connector-fixtures.ts';

interface Catalog {
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

interface Excuse {
  readonly object: string;
  readonly field: string;
  /** The vendor's page that shows that there is no such field. */
  readonly docs: string;
}

/** Objects of connectors that are not complete yet; all others claim all. */
const claimed: Readonly<Record<string, readonly string[]>> = {
  GitHub: ['Repository Issue', 'Issue Comment', 'Pull Request', 'Pull Request Review'],
  Stripe: ['Charge', 'Customer', 'Invoice'],
};

const home = new URL('../fixtures/catalog/', import.meta.url);
const catalogs = readdirSync(home).map(
  (file): Catalog => JSON.parse(readFileSync(new URL(file, home), 'utf8')),
);

const plain = (name: string) => name.toLowerCase().replace(/[^a-z0-9]/g, '');
const applications = catalogs.flatMap((catalog) => {
  const found = declared.find(({ name, connector }) =>
    [name, connector.label].some((label) => plain(label) === plain(catalog.application)),
  );
  return found ? [{ ...catalog, connector: found.connector }] : [];
});

function excusesOf(connector: Connector): readonly Excuse[] {
  const folder = declarations.find(({ exports }) => exports.includes(connector))?.folder;
  const file = new URL(`../../connectors/${folder}/excused.json`, import.meta.url);
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : [];
}

/** How the guide calls a scheme. */
function authTypeOf(scheme: AuthScheme): RegExp {
  switch (scheme.kind) {
    case 'oauth2':
      return {
        authorizationCode: /^(oauth2_authorization_code|custom:oauth2_grant_not_stated)$/,
        clientCredentials: /^(oauth2_client_credentials|custom:oauth2_grant_not_stated)$/,
        jwtBearer: /^oauth2_jwt$/,
      }[scheme.grant];
    case 'basic':
      return /^(basic|api_key)$/;
    case 'signature':
      return /^custom:hmac$/;
    default:
      return /^(api_key|custom:(api|access|personal_access)_token)$/;
  }
}

function byLabel<T extends { readonly label?: string }>(
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
function fieldFinding(
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

function findingsOf({ objects, connector }: (typeof applications)[number]): string[] {
  const claims = claimed[connector.label];
  const excused = new Set(excusesOf(connector).map(({ object, field }) => `${object}.${field}`));
  const wanted = objects.filter(({ object }) => claims?.includes(object) ?? true);
  return wanted.flatMap(({ object, fields, filterParameters = [] }) => {
    const entity = byLabel(connector.entities, object);
    // An object without catalogued fields may be one that the account defines.
    if (!entity) return fields.length === 0 && connector.discovery ? [] : [`${object}: missing`];
    return [
      ...fields.map((field) => [field.name, fieldFinding(entity, field)] as const),
      ...filterParameters.map(({ name, required }) => {
        const parameter = byLabel(entity.parameters, name) ?? entity.parameters?.[name];
        const isRequired = !required || parameter?.required === true || parameter?.filters === undefined;
        return [name, !parameter ? 'missing' : isRequired ? undefined : 'is not required'] as const;
      }),
    ].flatMap(([name, finding]) =>
      finding === undefined || excused.has(`${object}.${name}`) ? [] : [`${object}.${name}: ${finding}`],
    );
  });
}

describe.each(applications)('$application', (application) => {
  const { connector, objects, authTypes } = application;

  test('has every object, field and operator of the guide', () => {
    expect(findingsOf(application)).toEqual([]);
  });

  test('has every way to authenticate', () => {
    const known = connector.auth.map(authTypeOf);
    expect(authTypes.filter((type) => !known.some((one) => one.test(type)))).toEqual([]);
  });

  test('excuses few fields, each by a page of the vendor and none that is there', () => {
    const excuses = excusesOf(connector);
    const count = objects.reduce((sum, { fields }) => sum + fields.length, 0);
    expect(excuses.length).toBeLessThanOrEqual(count * 0.02);
    for (const { object, field, docs } of excuses) {
      expect(docs, `${object}.${field}`).toMatch(/^https:\/\/\S+$/);
      const named = objects.find((one) => one.object === object)?.fields.find(({ name }) => name === field);
      const entity = byLabel(connector.entities, object);
      expect(named && (!entity || fieldFinding(entity, named)), `${object}.${field}`).toBeTruthy();
    }
  });
});

test('claims name objects of the guide', () => {
  for (const [label, names] of Object.entries(claimed)) {
    const known = catalogs
      .find(({ application }) => application === label)
      ?.objects.map(({ object }) => object);
    expect(names.filter((name) => !known?.includes(name))).toEqual([]);
  }
});
