/** What a connector offers, as plain data: for `tributary connectors` and the support matrix. */

import { type FilterOperator, filterOperators } from '../operators.ts';
import type { FieldType } from '../records.ts';
import { type ConnectionScheme, schemeLabel, schemeName } from './auth.ts';
import type { Connector, Entity, RateLimit } from './connector.ts';
import type { Field, Fields, WriteOperation } from './fields.ts';
import type { LoadedConnector } from './loaded.ts';
import { type Pagination, pageSizeOf } from './pagination.ts';

export interface ConnectorDescription {
  /** As a flow or a connection names it. */
  readonly name: string;
  readonly label: string;
  readonly docs?: string;
  readonly apiVersion?: string;
  readonly auth: readonly AuthDescription[];
  readonly settings: readonly SettingDescription[];
  readonly rateLimit?: RateLimit;
  /** There are entities that only the account, the database or the files can tell. */
  readonly discovery: boolean;
  readonly entities: readonly ConnectorEntityDescription[];
}

export interface AuthDescription {
  /** `authorizationCode`, `apiKey` …: what `connection create --auth` takes. */
  readonly scheme: string;
  readonly label: string;
  /** Of OAuth 2. */
  readonly scopes?: readonly string[];
}

export interface SettingDescription {
  readonly name: string;
  readonly label: string;
  readonly description?: string;
  readonly default?: string;
  readonly values?: readonly string[];
}

export interface ConnectorEntityDescription {
  readonly name: string;
  readonly label: string;
  readonly docs: string;
  readonly primaryKey: readonly string[];
  /** The entity whose every record has a list of these. */
  readonly parent?: string;
  readonly pagination: PaginationDescription;
  /** Absent: every pull is a full one. */
  readonly incremental?: { readonly field: string; readonly sees: 'changes' | 'inserts' };
  readonly writes: readonly WriteOperation[];
  readonly fields: readonly FieldDescription[];
  /** Request parameters of the vendor that filters set. */
  readonly parameters: readonly ParameterDescription[];
}

export interface PaginationDescription {
  /** `job`: the list is made by jobs alone. */
  readonly kind: Pagination['kind'] | 'onePage' | 'job';
  /** Records on a full page, where it is asked for. */
  readonly size?: number;
}

export interface FieldDescription {
  readonly name: string;
  readonly label: string;
  readonly type: FieldType;
  /** The operators of a Filter task that make sense for it: all of them work. */
  readonly filters: readonly FilterOperator[];
  /** Those of them that the vendor is asked to apply; the engine applies the others to what it has fetched. */
  readonly pushedDown: readonly FilterOperator[];
}

export interface ParameterDescription extends Omit<FieldDescription, 'pushedDown'> {
  readonly required: boolean;
}

/** @param name as the registry has it */
export function describeConnector(name: string, loaded: LoadedConnector): ConnectorDescription {
  if (loaded.kind === 'declared') return describeDeclared(name, loaded.connector);
  const { label, connection } = loaded;
  return {
    name,
    label,
    auth: (connection?.auth ?? []).map(describeAuth),
    settings: describeSettings(connection?.settings),
    discovery: true,
    entities: [],
  };
}

function describeDeclared(name: string, connector: Connector): ConnectorDescription {
  const { label, docs, apiVersion, rateLimit } = connector;
  return {
    name,
    label,
    docs,
    ...(apiVersion === undefined ? {} : { apiVersion }),
    auth: connector.auth.map(describeAuth),
    settings: describeSettings(connector.settings),
    ...(rateLimit ? { rateLimit } : {}),
    discovery: connector.discovery !== undefined,
    entities: Object.entries(connector.entities).map(([entityName, entity]) =>
      describeEntity(connector, entityName, entity),
    ),
  };
}

function describeAuth(scheme: ConnectionScheme): AuthDescription {
  return {
    scheme: schemeName(scheme),
    label: schemeLabel(scheme),
    ...(scheme.kind === 'oauth2' ? { scopes: scheme.scopes } : {}),
  };
}

function describeSettings(settings: Connector['settings'] = {}): SettingDescription[] {
  return Object.entries(settings).map(([name, { label, description, default: usual, values }]) => ({
    name,
    label,
    ...(description === undefined ? {} : { description }),
    ...(usual === undefined ? {} : { default: usual }),
    ...(values ? { values } : {}),
  }));
}

function describeEntity(connector: Connector, name: string, entity: Entity): ConnectorEntityDescription {
  const { label = name, docs, primaryKey, parent, incremental, write, parameters, fields } = entity;
  return {
    name,
    label,
    docs,
    primaryKey,
    ...(parent === undefined ? {} : { parent }),
    pagination:
      entity.job && !entity.job.create
        ? { kind: 'job' }
        : describePagination(entity.pagination ?? connector.pagination),
    ...(incremental
      ? { incremental: { field: incremental.field, sees: incremental.sees ?? 'changes' } }
      : {}),
    writes: Object.keys(write ?? {}) as WriteOperation[],
    fields: described(fields, describeField),
    parameters: described(parameters ?? {}, describeParameter),
  };
}

function describePagination(pagination: Pagination | 'onePage' = 'onePage'): PaginationDescription {
  if (pagination === 'onePage') return { kind: pagination };
  const size = pageSizeOf(pagination);
  return { kind: pagination.kind, ...(size === undefined ? {} : { size }) };
}

function described<T>(fields: Fields, describe: (name: string, field: Field) => T): T[] {
  return Object.entries(fields).map(([name, field]) => describe(name, field));
}

function describeField(name: string, { label = name, type, filters = {} }: Field): FieldDescription {
  const pushedDown = filterOperators.filter((operator) => filters[operator] !== undefined);
  const sensible = operatorsOf(type);
  return {
    name,
    label,
    type,
    filters: filterOperators.filter(
      (operator) => sensible.includes(operator) || pushedDown.includes(operator),
    ),
    pushedDown,
  };
}

function describeParameter(name: string, field: Field): ParameterDescription {
  const { label = name, type, filters = { EQUAL_TO: name }, required = false } = field;
  return {
    name,
    label,
    type,
    filters: filterOperators.filter((operator) => filters[operator] !== undefined),
    required,
  };
}

const ordered: readonly FilterOperator[] = filterOperators.filter((operator) => operator !== 'CONTAINS');

/**
 * The operators that say something about values of a type: AppFlow's own by type, and the orderings that its guide has for
 * texts and the engine for every ordered type. Lists and objects are compared as the text of their JSON.
 */
function operatorsOf(type: FieldType): readonly FilterOperator[] {
  switch (type) {
    case 'String':
      return filterOperators;
    case 'Boolean':
      return ['EQUAL_TO', 'NOT_EQUAL_TO'];
    case 'List':
    case 'Map':
    case 'Struct':
      return ['EQUAL_TO', 'NOT_EQUAL_TO', 'CONTAINS'];
    case 'ByteArray':
      return [];
    default:
      return ordered;
  }
}
