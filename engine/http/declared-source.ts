import type { Connector } from '../../core/connector/connector.ts';
import type { Fields } from '../../core/connector/fields.ts';
import { own } from '../../core/connector/own.ts';
import type { JsonObject } from '../../core/ports.ts';
import type { SourceField } from '../../core/records.ts';
import type { Source, SourceDescription, SourcePorts, SourceRequest } from '../../core/source.ts';
import { describedField } from './described-field.ts';
import { entityOf, metadataReader, type ResolvedEntity } from './discover.ts';
import { downloadSession } from './download-session.ts';
import { type DeclaredSourceOptions, listOf, type Transfer } from './entity-list.ts';
import { baseUrlOf, settingOf, settingsOf, urlOf } from './hosts.ts';
import { jobSession } from './job-session.ts';
import { listScanner } from './list-scanner.ts';
import { sessionOf } from './list-session.ts';
import { dateOf } from './moments.ts';
import { allOf, splitsOf } from './parents.ts';
import { mayTurn, transferAt, transferOf } from './transfer.ts';
import { type Answer, vendorClient } from './vendor-client.ts';

/** The engine's side of a declared connector: interprets the declaration; nothing here knows a vendor. */
export function declaredSource(connector: Connector, options: DeclaredSourceOptions = {}): Source {
  return {
    async describe(request, ports) {
      const resolved = await entityOf(connector, request, ports, options);
      const transfer = await transferOf(connector, resolved, request, ports, options);
      const list = listOf(connector, resolved, request, ports, options, transfer);
      // What the source promises must hold in whichever way it is read.
      const other =
        transfer === 'list' && mayTurn(resolved.entity, request)
          ? listOf(connector, resolved, request, ports, options, 'job')
          : list;
      const { incremental, parameters, primaryKey, mayRepeat = false, fields } = list.entity;
      const told: SourceDescription = {
        fields: sourceFields(fields),
        ...(parameters ? { parameters: sourceFields(parameters) } : {}),
        splits: [],
        appliedFilters: list.filters.applied.filter((index) => other.filters.applied.includes(index)),
        appliesWindow: list.appliesWindow && other.appliesWindow,
        ...(incremental ? { incrementalField: incremental.field } : {}),
        primaryKey,
        mayRepeat,
      };
      if (request.fieldsOnly) return told;
      // What a flow names is the version of AppFlow's connector; the vendor is asked for the one that the declaration knows.
      const { apiVersion: named } = request;
      const byJob = transfer === 'job' && { transfer };
      ports.log.info('source described', { at: list.at, apiVersion: connector.apiVersion, named, ...byJob });
      // A vendor that keeps track of changes reads by its own clock.
      const isWindowed =
        incremental !== undefined && request.window.start !== undefined && !list.tracksChanges;
      const until = isWindowed
        ? await completeUntil(connector, resolved, request, ports, options)
        : undefined;
      const splits = await splitsOf(connector, resolved, request, ports, options);
      const { discovered } = resolved;
      // What a run began with holds to its end: the metadata, and how it reads.
      const kept = {
        ...(discovered && { discovered: discovered as unknown as JsonObject }),
        ...byJob,
      };
      return {
        ...told,
        ...(until === undefined ? {} : { completeUntil: until }),
        splits: splits.map((split) => ({ ...split, ...kept })),
      };
    },

    async open(request, split, ports) {
      const resolved = await entityOf(connector, request, ports, options, split);
      const listed = (transfer: Transfer) => listOf(connector, resolved, request, ports, options, transfer);
      const transfer = transferAt(resolved.entity, request, split, () => listed('list'));
      const { job, ...list } = listed(transfer);
      if (job) return jobSession({ ...list, job }, request, split, ports);
      const { file } = list.entity;
      return file
        ? downloadSession(list, file, request, split, ports)
        : sessionOf(list, request, split, ports, listScanner(list, request.fields));
    },

    async listEntities(request, path, ports) {
      const { discovery } = connector;
      const reader = metadataReader(connector, request, ports, options);
      if (path !== undefined) {
        const nested = (await discovery?.nested?.(path, reader)) ?? [];
        return nested.map((entity) => ({ hasNestedEntities: false, ...entity }));
      }
      const declared = Object.entries(connector.entities).map(([name, { label = name }]) => ({
        name,
        label,
      }));
      const found = (await discovery?.list(reader)) ?? [];
      const known = new Set(declared.map(({ name }) => name));
      return [...declared, ...found.filter(({ name }) => !known.has(name))].map((entity) => ({
        hasNestedEntities: false,
        ...entity,
      }));
    },

    async testConnection(request, ports) {
      await ask(connector, connector.validateCredentials, connector.label, request, ports, options);
    },
  };
}

/** Asks what belongs to the whole connector: `GET /me`. */
function ask(
  connector: Connector,
  question: string,
  at: string,
  request: SourceRequest,
  ports: SourcePorts,
  options: DeclaredSourceOptions,
): Promise<Answer> {
  const base = baseUrlOf(connector, request);
  const settings = settingsOf(connector, request);
  const client = vendorClient({
    connector,
    request,
    ports,
    origin: base.origin,
    at,
    parse: JSON.parse,
    ...options,
  });
  const [method, path = ''] = question.split(' ');
  const url = urlOf(base, path, (name) => settingOf(settings, name, connector), at);
  return client.send({ method: method === 'POST' ? 'POST' : 'GET', url });
}

function sourceFields(fields: Fields): SourceField[] {
  return Object.entries(fields).map(([name, field]) => describedField(name, field));
}

/** The vendor's clock or ours, whichever is behind, less the time that records take to settle. */
async function completeUntil(
  connector: Connector,
  { name, entity }: ResolvedEntity,
  request: SourceRequest,
  ports: SourcePorts,
  options: DeclaredSourceOptions,
): Promise<number> {
  // The cheapest request that the run's credentials must allow anyway: the first list of all that lead to this one.
  let asked = { name, entity };
  for (let above = entity.parent; above !== undefined; above = asked.entity.parent) {
    const parent = connector.entities[above];
    if (!parent) break;
    asked = { name: above, entity: parent };
  }
  const { parameters } = asked.entity;
  // Without these the list cannot be asked for at all.
  const filters = request.filters.filter(({ field }) => {
    const parameter = own(parameters, field);
    return parameter !== undefined && (parameter.required || !parameter.filters);
  });
  const list = listOf(connector, asked, { ...allOf(request), fields: [], filters }, ports, options);
  const parent = Object.fromEntries(
    Object.entries(asked.entity.each ?? {}).map(([hole, [value = '']]) => [hole, value]),
  );
  const { headers } = connector.clock
    ? await ask(connector, connector.clock, list.at, request, ports, options)
    : await list.client.send(list.requestOf({ parent, window: list.slices[0] }, 1));
  const now = ports.clock.now();
  return Math.min(now, dateOf(headers.date) ?? now) - (connector.settleSeconds ?? 0) * 1000;
}
