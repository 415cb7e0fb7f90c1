import type { Connector } from '../../core/connector/connector.ts';
import type { Fields } from '../../core/connector/fields.ts';
import type { SourceField } from '../../core/records.ts';
import type { Source, SourceDescription, SourcePorts, SourceRequest } from '../../core/source.ts';
import { type DeclaredSourceOptions, entityOf, listOf } from './entity-list.ts';
import { baseUrlOf, settingOf, settingsOf, urlOf } from './hosts.ts';
import { sessionOf } from './list-session.ts';
import { allOf, parentOf, splitsOf } from './parents.ts';
import { dateOf, vendorClient } from './vendor-client.ts';

/** The engine's side of a declared connector: interprets the declaration; nothing here knows a vendor. */
export function declaredSource(connector: Connector, options: DeclaredSourceOptions = {}): Source {
  return {
    async describe(request, ports) {
      const list = listOf(connector, request, ports, options);
      const { entity } = list;
      const { incremental, parameters, primaryKey, mayRepeat = false } = entity;
      const told: SourceDescription = {
        fields: sourceFields(entity.fields),
        ...(parameters ? { parameters: sourceFields(parameters) } : {}),
        splits: [],
        appliedFilters: list.filters.applied,
        appliesWindow: list.window?.exact ?? false,
        ...(incremental ? { incrementalField: incremental.field } : {}),
        primaryKey,
        mayRepeat,
      };
      if (request.fieldsOnly) return told;
      // What a flow names is the version of AppFlow's connector; the vendor is asked for the one that the declaration knows.
      const { apiVersion: named } = request;
      ports.log.info('source described', { at: list.at, apiVersion: connector.apiVersion, named });
      return {
        ...told,
        ...(list.window ? { completeUntil: await completeUntil(connector, request, ports, options) } : {}),
        splits: await splitsOf(connector, request, ports, options),
      };
    },

    async open(request, split, ports) {
      return sessionOf(listOf(connector, request, ports, options), request, split, ports);
    },

    async listEntities(_request, path) {
      if (path !== undefined) return [];
      return Object.entries(connector.entities).map(([name, { label = name }]) => ({
        name,
        label,
        hasNestedEntities: false,
      }));
    },

    async testConnection(request, ports) {
      const at = connector.label;
      const base = baseUrlOf(connector, request);
      const settings = settingsOf(connector, request);
      const client = vendorClient({
        connector,
        ports,
        origin: base.origin,
        at,
        parse: JSON.parse,
        ...options,
      });
      const path = connector.validateCredentials.replace('GET ', '');
      await client.get(urlOf(base, path, (name) => settingOf(settings, name, connector), at));
    },
  };
}

function sourceFields(fields: Fields): SourceField[] {
  return Object.entries(fields).map(([name, { type, label, description, precision, scale }]) => ({
    name,
    type,
    ...(label === undefined ? {} : { label }),
    ...(description === undefined ? {} : { description }),
    ...(precision === undefined ? {} : { precision }),
    ...(scale === undefined ? {} : { scale }),
  }));
}

/** The vendor's clock or ours, whichever is behind, less the time that records take to settle. */
async function completeUntil(
  connector: Connector,
  request: SourceRequest,
  ports: SourcePorts,
  options: DeclaredSourceOptions,
): Promise<number> {
  const [, entity] = entityOf(connector, request);
  const all = entity.parent === undefined ? allOf(request) : parentOf(request, entity.parent);
  // The cheapest request that the run's credentials must allow anyway.
  const list = listOf(connector, all, ports, options);
  const { headers } = await list.client.get(list.urlOf({}, 1));
  const now = ports.clock.now();
  return Math.min(now, dateOf(headers.date) ?? now) - (connector.settleSeconds ?? 0) * 1000;
}
