/** `tributary connectors`: what this version's connectors offer, as they declare it. Asks nobody. */

import { connectorNames } from '../connectors/registry.ts';
import type { RateLimit } from '../core/connector/connector.ts';
import {
  type ConnectorDescription,
  type ConnectorEntityDescription,
  describeConnector,
  type PaginationDescription,
} from '../core/connector/description.ts';
import { customConnectorFolders, listRegistrations } from '../local/custom-connectors.ts';
import { type CommonOptions, connectionFolders, connectorLoader, expectConnector } from './context.ts';
import { count, counted, json, table } from './output.ts';
import type { Shell } from './shell.ts';

/** `tributary connectors [NAME]`: a line for each, or all about one. */
export async function connectorsCommand(
  name: string | undefined,
  options: Pick<CommonOptions, 'connections'> & { readonly json?: boolean },
  shell: Shell,
): Promise<number> {
  const { terminal } = shell;
  const folders = connectionFolders(options);
  const registered = (await listRegistrations(customConnectorFolders(folders))).map(
    ({ registration }) => registration.connectorLabel,
  );
  const load = connectorLoader(folders, shell);
  const described: ConnectorDescription[] = [];
  for (const one of name === undefined ? [...connectorNames, ...registered] : [name])
    described.push(describeConnector(one, await expectConnector(one, load)));
  const [only] = described;
  if (options.json) terminal.out(json(described, 2));
  else if (name !== undefined && only) terminal.out(detail(only));
  else terminal.out(list(described));
  return 0;
}

const discovered = 'discovered';

function list(connectors: readonly ConnectorDescription[]): string {
  return table([
    ['NAME', 'AUTHENTICATION', 'ENTITIES', 'FIELDS', 'INCREMENTAL', 'PAGES', 'LIMITS'],
    ...connectors.map(({ name, auth, entities, discovery, rateLimit }) => {
      const fields = entities.reduce((sum, entity) => sum + entity.fields.length, 0);
      const incremental = entities.filter((entity) => entity.incremental).length;
      const declared = (value: number) => (entities.length === 0 ? '' : count(value));
      return [
        name,
        auth.map(({ scheme }) => scheme).join(', ') || 'none',
        [declared(entities.length), discovery ? discovered : ''].filter(Boolean).join(', '),
        declared(fields),
        declared(incremental),
        distinct(entities.map(({ pagination }) => pagesName(pagination))).join(', '),
        limitsText(rateLimit),
      ];
    }),
  ]);
}

function detail(connector: ConnectorDescription): string {
  const { name, label, docs, apiVersion, auth, settings, rateLimit, entities, discovery } = connector;
  const facts = [
    ['documentation', docs ?? ''],
    ['API version', apiVersion ?? ''],
    ...auth.map(({ scheme, label: what, scopes = [] }, index) => [
      index === 0 ? 'authentication' : '',
      [`${scheme} (${what})`, ...(scopes.length > 0 ? [`scopes ${scopes.join(' ')}`] : [])].join(', '),
    ]),
    ...settings.map((setting, index) => [
      index === 0 ? 'settings' : '',
      `${setting.name}: ${[setting.label, setting.values?.join(' | '), setting.description].filter(Boolean).join('; ')}`,
    ]),
    ['limits', limitsText(rateLimit)],
    ['filters', 'every operator works: what the vendor does not filter is filtered after the fetch'],
    ['entities', entitiesText(entities.length, discovery)],
  ];
  const head = [
    label === name ? name : `${name}  ${label}`,
    indented(table(facts.filter(([, fact]) => fact))),
  ];
  return [head.join('\n'), ...entities.map(entityText)].join('\n\n');
}

function entitiesText(declared: number, discovery: boolean): string {
  if (declared === 0) return 'told by the connection: see `tributary discover`';
  return discovery
    ? `${counted(declared, 'declared one')}; more are told by the connection, see \`tributary discover\``
    : counted(declared, 'declared one');
}

function entityText(entity: ConnectorEntityDescription): string {
  const { name, label, docs, primaryKey, parent, pagination, incremental, writes } = entity;
  const facts = [
    ['documentation', docs],
    ['key', primaryKey.join(', ')],
    ['pages', pagesText(pagination)],
    ['incremental', incremental ? incrementalText(incremental) : 'no, every pull is a full one'],
    ['read for each of', parent ?? ''],
    ['writes', writes.join(', ')],
  ];
  const parts = [
    label === name ? name : `${name}  ${label}`,
    indented(table(facts.filter(([, fact]) => fact))),
    indented(
      table([
        ['FIELD', 'TYPE', 'LABEL', 'FILTERED BY THE VENDOR'],
        ...entity.fields.map((field) => [
          field.name,
          field.type,
          field.label === field.name ? '' : field.label,
          field.pushedDown.join(' '),
        ]),
      ]),
    ),
  ];
  if (entity.parameters.length > 0) {
    const rows = entity.parameters.map((parameter) => [
      parameter.name,
      parameter.type,
      parameter.label === parameter.name ? '' : parameter.label,
      parameter.filters.join(' '),
      parameter.required ? 'required' : '',
    ]);
    parts.push(indented(table([['PARAMETER', 'TYPE', 'LABEL', 'SET BY', ''], ...rows])));
  }
  return parts.join('\n');
}

function incrementalText({ field, sees }: NonNullable<ConnectorEntityDescription['incremental']>): string {
  return sees === 'inserts'
    ? `by ${field}: new records only, changes of a record are not seen`
    : `by ${field}`;
}

const kinds: Readonly<Record<PaginationDescription['kind'], string>> = {
  linkHeader: 'Link header',
  nextLink: 'next link',
  cursor: 'cursor',
  offset: 'offset',
  page: 'page number',
  lastRecord: 'last record',
  keyset: 'search by key',
  onePage: 'one page',
  job: 'job',
};

/** How the next page is found. */
export function pagesName({ kind }: PaginationDescription): string {
  return kinds[kind];
}

/** `cursor, 100 records a page` */
function pagesText(pagination: PaginationDescription): string {
  const name = pagesName(pagination);
  return pagination.size === undefined ? name : `${name}, ${counted(pagination.size, 'record')} a page`;
}

/** What the engine holds itself to, and what it learns from answers. */
export function limitsText({ budget, ...headers }: RateLimit = {}): string {
  const told = Object.values(headers).some((header) => typeof header === 'string');
  return [
    budget ? `${counted(budget.requests, 'request')} in ${count(budget.seconds)} s` : '',
    told ? 'as answers tell' : '',
  ]
    .filter(Boolean)
    .join(', ');
}

function distinct(values: readonly string[]): string[] {
  return [...new Set(values)];
}

function indented(text: string): string {
  return text.replaceAll(/^/gm, '  ');
}
