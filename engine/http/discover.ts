import type { Connector, Entity } from '../../core/connector/connector.ts';
import type { DiscoveredEntity, MetadataReader } from '../../core/connector/discovery.ts';
import type { ListRequest } from '../../core/connector/list-request.ts';
import { own } from '../../core/connector/own.ts';
import { TributaryError } from '../../core/errors.ts';
import type { PageToken, SourcePorts, SourceRequest, Split } from '../../core/source.ts';
import { type DeclaredSourceOptions, listOf, type NamedEntity } from './entity-list.ts';
import { baseUrlOf, settingOf, settingsOf, urlOf } from './hosts.ts';
import { sessionOf } from './list-session.ts';
import { allOf } from './parents.ts';
import { type VendorRequest, vendorClient } from './vendor-client.ts';
import { readXml } from './xml.ts';

/** An entity that the request names; discovered ones bring what the metadata said, to be kept in the splits. */
export interface ResolvedEntity extends NamedEntity {
  readonly discovered?: DiscoveredEntity;
}

/**
 * The entity that a request names: declared, or told by the vendor's metadata.
 *
 * @param split of a run under way: holds what the metadata said at its start
 * @throws ResourceNotFoundError
 */
export async function entityOf(
  connector: Connector,
  request: SourceRequest,
  ports: SourcePorts,
  options: DeclaredSourceOptions,
  split?: Split,
): Promise<ResolvedEntity> {
  const { properties, incrementalField, window } = request;
  const named = properties.entityName ?? properties.object ?? properties.objectPath;
  const name = typeof named === 'string' ? named : '';
  const { discovery, entities, label } = connector;
  const entity = own(entities, name);
  if (entity) return { name, entity };
  if (discovery && name !== '') {
    const kept = split?.discovered as unknown as DiscoveredEntity | undefined;
    const discovered =
      kept ?? (await discovery.describe(name, metadataReader(connector, request, ports, options)));
    const settings = settingsOf(connector, request);
    const use = {
      isWindowed: window.start !== undefined,
      ...(incrementalField === undefined ? {} : { incrementalField }),
      setting: (hole: string) => settingOf(settings, hole, connector),
    };
    if (discovered) return { name, entity: discovery.entity(discovered, use), discovered };
  }
  throw new TributaryError('ResourceNotFoundError', 'there is no such entity', {
    at: label,
    got: String(named),
    expected: [
      ...(Object.keys(entities).length > 0 ? [`one of ${Object.keys(entities).join(', ')}`] : []),
      ...(discovery ? ['one that discover lists'] : []),
    ].join(', or '),
  });
}

export function metadataReader(
  connector: Connector,
  request: SourceRequest,
  ports: SourcePorts,
  options: DeclaredSourceOptions,
): MetadataReader {
  const at = connector.label;
  const base = baseUrlOf(connector, request);
  const settings = settingsOf(connector, request);
  const setting = (name: string) => settingOf(settings, name, connector);
  const shared = { connector, request, ports, origin: base.origin, at, parse: JSON.parse, ...options };
  const questionOf = (path: string, query: Readonly<Record<string, string>> = {}): VendorRequest => {
    const url = urlOf(base, path, setting, at);
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
    url.search = url.search.replaceAll('+', '%20');
    return { url };
  };
  const readText = async <C>(
    path: string,
    query: Readonly<Record<string, string>> | undefined,
    contentOf: (text: string) => C,
  ): Promise<C> => {
    const client = vendorClient({ ...shared, decode: (body) => Buffer.from(body).toString() });
    const question = { ...questionOf(path, query), headers: { accept: 'application/xml, text/*' } };
    const { content } = await client.read(question, ({ json }) => contentOf(String(json ?? '')));
    return content;
  };
  return {
    setting,
    get: async (path, query) => (await vendorClient(shared).send(questionOf(path, query))).json,
    text: (path, query) => readText(path, query, (text) => text),
    xml: (path, query) => readText(path, query, (text) => readXml(text, at)),
    list: (list) => recordsOf(connector, list, request, ports, options),
  };
}

/** All of a list's records, as the vendor gives them. */
async function recordsOf(
  connector: Connector,
  list: ListRequest,
  request: SourceRequest,
  ports: SourcePorts,
  options: DeclaredSourceOptions,
): Promise<object[]> {
  const entity: Entity = {
    search: { param: '', condition: () => undefined, expression: () => undefined },
    projection: () => ({}),
    ...list,
    docs: connector.discovery?.docs ?? connector.docs,
    primaryKey: [],
    fields: {},
  };
  const asked = { ...allOf(request), fields: [] };
  const read = listOf(connector, { name: 'metadata', entity }, asked, ports, options);
  const records: object[] = [];
  const recording = {
    ...read,
    recordsOf(...answered: Parameters<typeof read.recordsOf>) {
      const page = read.recordsOf(...answered);
      records.push(...page);
      return page;
    },
  };
  const session = sessionOf(recording, asked, {}, ports);
  let token: PageToken | undefined;
  do token = (await session.read(token)).next;
  while (token !== undefined);
  return records;
}
