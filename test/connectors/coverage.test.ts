/**
 * The registry against the catalogue of AppFlow's guide: every object, field, type, operator and way to authenticate of a
 * registered connector. At most 2 % of an application's fields may be excused.
 */

import { describe, expect, test } from 'vitest';
import type { AuthScheme } from '#core';
import { applications, byLabel, excusesOf, fieldFinding } from '../support/catalog.ts';

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

function findingsOf({ objects, connector }: (typeof applications)[number]): string[] {
  const excuses = excusesOf(connector);
  const excused = new Set(excuses.map(({ object, field }) => `${object}.${field}`));
  const gone = excuses.flatMap(({ object, field }) => (field === undefined ? [object] : []));
  const wanted = objects.filter(({ object }) => !gone.includes(object));
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
    expect(excuses.filter(({ field }) => field !== undefined).length).toBeLessThanOrEqual(count * 0.02);
    for (const { object, field, docs } of excuses) {
      const at = `${object}.${field ?? ''}`;
      expect(docs, at).toMatch(/^https:\/\/\S+$/);
      const listed = objects.find((one) => one.object === object);
      const entity = byLabel(connector.entities, object);
      if (field === undefined) {
        expect([listed?.object, entity], at).toEqual([object, undefined]);
        continue;
      }
      const named = listed?.fields.find(({ name }) => name === field);
      expect(named && (!entity || fieldFinding(entity, named)), at).toBeTruthy();
    }
  });
});
