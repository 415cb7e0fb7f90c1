/** A custom connector as a source: https://docs.aws.amazon.com/appflow/latest/userguide/custom-connectors.html */

import { settingsOf } from '../../core/custom-connector/configuration.ts';
import type { ConnectorRegistration } from '../../core/custom-connector/registration.ts';
import { type ErrorCode, TributaryError } from '../../core/errors.ts';
import { shorten } from '../../core/flow/finding.ts';
import type { Log } from '../../core/ports.ts';
import { compilePath, isStruct } from '../../core/record-path.ts';
import { type FieldType, type Row, type SourceField, type Value, wholeRecord } from '../../core/records.ts';
import type {
  EntityDescription,
  PageToken,
  Source,
  SourceDescription,
  SourcePorts,
  SourceRequest,
  SourceSession,
} from '../../core/source.ts';
import { decoderOf, parseJson } from '../http/read-records.ts';
import type { AnswerOf, EntityDefinition, EntityField } from './answers.ts';
import { type Conversation, conversation } from './conversation.ts';
import { describeEntity, readDefinition, validateSettings } from './entity.ts';
import { filterExpression, isPushed } from './filter-expression.ts';
import { answerTooLarge, type ConnectorHost } from './host.ts';

/** Records on a page, where nobody says otherwise; and the fewest that are asked for before giving up. */
const usualPage = 1_000;
const smallestPage = 10;
/** Records that are asked for by their ids at once. */
const idsPerPage = 100;
/** Characters: a token is kept in the state. */
const longestToken = 64_000;

export function customSource(registration: ConnectorRegistration, host: ConnectorHost): Source {
  const { connectorLabel: label, connectorConfiguration } = registration;
  const about = (request: SourceRequest, ports: SourcePorts, ofFlow = true): Conversation =>
    conversation(registration, host, request, ports, ofFlow ? 'SOURCE' : undefined);

  return {
    async describe(request, ports) {
      const asked = about(request, ports, !request.fieldsOnly);
      const ofFlow = settingsOf(connectorConfiguration, 'SOURCE', 'SOURCE_AND_DESTINATION');
      if (!request.fieldsOnly && ofFlow.length > 0) await validateSettings(asked, 'SOURCE', label);
      const definition = await describeEntity(asked, entityOf(request, label), label);
      return descriptionOf(definition, request, label);
    },

    async open(request, split, ports) {
      const definition = readDefinition(split.entityDefinition, label);
      return sessionOf(registration, about(request, ports), definition, request, ports.log);
    },

    async listEntities(request, path, ports) {
      const asked = about(request, ports, false);
      if (path !== undefined && !(await mayNest(asked, path))) return [];
      return listEntities(asked, path);
    },

    async testConnection(request, ports) {
      const asked = about(request, ports, false);
      await validateSettings(asked, 'CONNECTOR_PROFILE', label);
      await asked.ask('ValidateCredentialsRequest', ({ credentials, connectorRuntimeSettings }) => ({
        credentials,
        connectorRuntimeSettings,
      }));
    },
  };
}

function entityOf({ properties }: SourceRequest, label: string): string {
  if (typeof properties.entityName === 'string') return properties.entityName;
  throw new TributaryError('InvalidArgument', 'entityName does not name an entity', {
    at: `${label}, CustomConnector.entityName`,
    got: shorten(properties.entityName),
  });
}

// ---- entities ----

/** Whether entities may lie below one: some connectors list the top again where there is nothing below. */
async function mayNest(asked: Conversation, path: string): Promise<boolean> {
  const got = await asked.attempt('DescribeEntityRequest', ({ context }) => ({
    entityIdentifier: path,
    connectorContext: context(),
  }));
  // What is a mere folder of entities need not have a description of its own.
  const { entity } = got.answer?.entityDefinition ?? {};
  return !got.outcome.isSuccess || (isStruct(entity) && entity.hasNestedEntities === true);
}

async function listEntities(asked: Conversation, path: string | undefined): Promise<EntityDescription[]> {
  const found: EntityDescription[] = [];
  let nextToken: string | undefined;
  const seen = new Set<string>();
  do {
    const answer: AnswerOf<'ListEntitiesRequest'> = await asked.ask('ListEntitiesRequest', ({ context }) => ({
      ...(path !== undefined && { entitiesPath: path }),
      ...(nextToken !== undefined && { nextToken }),
      connectorContext: context(),
    }));
    for (const { entityIdentifier: name, label = name, hasNestedEntities = false } of answer.entities)
      found.push({ name, label, hasNestedEntities });
    nextToken = tokenAfter(answer.nextToken, seen, 'ListEntities');
  } while (nextToken !== undefined);
  return found;
}

/** `None` is how a connector in Python has been seen to say that there is no more. */
function tokenAfter(token: string | undefined, seen: Set<string>, at: string): string | undefined {
  if (!token || token === 'None') return undefined;
  if (!seen.has(token) && token.length <= longestToken) {
    seen.add(token);
    return token;
  }
  throw new TributaryError(
    'ConnectorProtocol',
    token.length > longestToken
      ? 'the page token is too long to be kept'
      : 'the connector gave the same page token twice',
    { at },
  );
}

function descriptionOf(
  definition: EntityDefinition,
  { filters, fieldsOnly }: SourceRequest,
  label: string,
): SourceDescription {
  const retrievable = definition.fields.filter(isRetrievable);
  const filteredOnly = definition.fields.filter(
    (field) => !isRetrievable(field) && field.readProperties?.isQueryable === true,
  );
  const applied = filters.flatMap((filter, index) => {
    const field = filteredOnly.find(({ fieldName }) => fieldName === filter.field);
    if (!field) return [];
    if (isPushed(filter, field)) return [index];
    throw new TributaryError('InvalidArgument', 'the connector cannot compare like this', {
      at: `${label}.${definition.entity.entityIdentifier}.${field.fieldName}`,
      got: `${filter.operator} ${filter.values.map(shorten).join(', ')}`,
      fix: 'use an operator that the connector offers for this field, of its own data type',
    });
  });
  const primaryKey = retrievable.filter(({ isPrimaryKey }) => isPrimaryKey).map(({ fieldName }) => fieldName);
  const stamp = retrievable.find(
    ({ readProperties }) => readProperties?.isTimestampFieldForIncrementalQueries === true,
  );
  return {
    fields: retrievable.map(sourceField),
    ...(filteredOnly.length > 0 && { parameters: filteredOnly.map(sourceField) }),
    splits: fieldsOnly ? [] : [{ entityDefinition: definition.given }],
    appliedFilters: applied,
    // How a connector takes the bounds is its own affair: the engine looks again.
    appliesWindow: false,
    ...(stamp && { incrementalField: stamp.fieldName }),
    // The protocol promises no snapshot between two pages.
    ...(primaryKey.length > 0 && { primaryKey, mayRepeat: true }),
  };
}

function isRetrievable({ readProperties }: EntityField): boolean {
  return readProperties?.isRetrievable !== false;
}

function sourceField({ fieldName: name, dataType: type, label, description }: EntityField): SourceField {
  return { name, type, ...(label && { label }), ...(description && { description }) };
}

// ---- records ----

interface Place {
  readonly token: string;
  /** Some connectors count their pages: all of a chain are of one size. */
  readonly maxResults: number;
}

/** What reads the pages of a split: by query, or by ids. */
type PageReader = (token: PageToken | undefined) => Promise<{
  readonly records: readonly string[];
  readonly next?: PageToken;
}>;

function sessionOf(
  registration: ConnectorRegistration,
  asked: Conversation,
  definition: EntityDefinition,
  request: SourceRequest,
  log: Log,
): SourceSession {
  const at = `${registration.connectorLabel}.${definition.entity.entityIdentifier}`;
  const rowOf = rowReader(definition, request.fields, at);
  const exact = definition.fields.some(({ dataType }) => dataType === 'BigDecimal');
  const selected = selectedFields(definition, request.fields);
  const query = querying(registration, asked, definition, request, selected);
  const wanted = idsWanted(definition, request.filters);
  const retrieve = wanted && retrieval(asked, definition, wanted, selected);

  async function pageAt(token: PageToken | undefined): ReturnType<PageReader> {
    if (!retrieve || token?.token !== undefined) return query(token);
    try {
      return await retrieve(token);
    } catch (error) {
      // AppFlow hardly asks by ids, so a connector may not know how to.
      const code = error instanceof TributaryError ? error.code : undefined;
      if (token !== undefined || code === undefined || !unknowing.has(code)) throw error;
      log.warn('the connector gives no records by their ids: all are read', { at });
      return query(undefined);
    }
  }

  return {
    async read(token) {
      const { records, next } = await pageAt(token);
      return {
        rows: records.map((text) => rowOf(recordOf(text, exact, at))),
        bytes: records.reduce((sum, text) => sum + Buffer.byteLength(text), 0),
        ...(next && { next }),
      };
    },
    close: () => Promise.resolve(),
  };
}

/** What a request that a connector does not know may come to. */
const unknowing: ReadonlySet<ErrorCode> = new Set([
  'ServerError',
  'ClientError',
  'InvalidArgument',
  'ConnectorProtocol',
]);

function querying(
  registration: ConnectorRegistration,
  asked: Conversation,
  definition: EntityDefinition,
  request: SourceRequest,
  selected: readonly string[],
): PageReader {
  const { connectorLabel: label, maxResults = usualPage } = registration;
  const { entityIdentifier } = definition.entity;
  const at = `${label}.${entityIdentifier}`;
  const byName = new Map(definition.fields.map((field) => [field.fieldName, field]));
  const stamp = definition.fields.find(
    ({ readProperties }) => readProperties?.isTimestampFieldForIncrementalQueries === true,
  );
  const expression = filterExpression(
    request.filters,
    byName,
    request.window,
    request.incrementalField ?? stamp?.fieldName,
  );
  const seen = new Set<string>();
  let expected: string | undefined;

  async function query(place: Place | undefined, size: number): Promise<AnswerOf<'QueryDataRequest'>> {
    return asked.ask('QueryDataRequest', ({ context }) => ({
      entityIdentifier,
      selectedFieldNames: selected,
      ...(expression !== undefined && { filterExpression: expression }),
      maxResults: size,
      ...(place && { nextToken: place.token }),
      connectorContext: context(definition),
    }));
  }

  /** The first page may be asked for with fewer and fewer records; later ones have to be of its size. */
  async function page(place: Place | undefined): Promise<[AnswerOf<'QueryDataRequest'>, number]> {
    let size = place?.maxResults ?? firstSize(request, maxResults);
    while (true) {
      try {
        return [await query(place, size), size];
      } catch (error) {
        if (!isTooLarge(error)) throw error;
        const smaller = Math.floor(size / 2);
        if (place === undefined && smaller >= smallestPage) {
          size = smaller;
          continue;
        }
        throw new TributaryError('ConnectorProtocol', 'a page is larger than the 6 MB of an answer', {
          at,
          got: `${size} records`,
          fix: `set maxResults in the registration of ${label} to ${Math.max(smallestPage, smaller)}`,
          cause: error,
        });
      }
    }
  }

  return async (token) => {
    const place = token as unknown as Place | undefined;
    // Elsewhere than expected: another chain of tokens.
    if (place?.token !== expected) seen.clear();
    if (place) seen.add(place.token);
    const [answer, size] = await page(place);
    const next = tokenAfter(answer.nextToken, seen, at);
    expected = next;
    return {
      records: answer.records ?? [],
      ...(next !== undefined && { next: { token: next, maxResults: size } satisfies PageToken }),
    };
  };
}

function isTooLarge(error: unknown): boolean {
  return error instanceof TributaryError && error.context.vendorCode === answerTooLarge;
}

/** The ids of the records that a filter wants, where the connector is not asked to filter by them. */
function idsWanted(
  { fields }: EntityDefinition,
  filters: SourceRequest['filters'],
): { readonly idFieldName: string; readonly ids: readonly string[] } | undefined {
  const [key, ...others] = fields.filter(({ isPrimaryKey }) => isPrimaryKey);
  if (!key || others.length > 0) return undefined;
  const filter = filters.find(({ field, operator }) => field === key.fieldName && operator === 'EQUAL_TO');
  return filter && !isPushed(filter, key) ? { idFieldName: key.fieldName, ids: filter.values } : undefined;
}

/** Better than to read all records for the sake of a few. */
function retrieval(
  asked: Conversation,
  definition: EntityDefinition,
  { idFieldName, ids }: { readonly idFieldName: string; readonly ids: readonly string[] },
  selectedFieldNames: readonly string[],
): PageReader {
  const retrieve = async (some: readonly string[]) =>
    asked.ask('RetrieveDataRequest', ({ context }) => ({
      entityIdentifier: definition.entity.entityIdentifier,
      selectedFieldNames,
      idFieldName,
      ids: some,
      connectorContext: context(definition),
    }));
  return async (token) => {
    const from = Number(token?.from ?? 0);
    for (let size = idsPerPage; ; size = Math.ceil(size / 2)) {
      try {
        const answer = await retrieve(ids.slice(from, from + size));
        const next = from + size;
        return { records: answer.records ?? [], ...(next < ids.length && { next: { from: next } }) };
      } catch (error) {
        if (!isTooLarge(error) || size === 1) throw error;
      }
    }
  };
}

/** With filters, a small page would only mean more of them. */
function firstSize({ limit, filters }: SourceRequest, usual: number): number {
  return limit === undefined || filters.length > 0 ? usual : Math.min(usual, Math.max(limit, smallestPage));
}

function recordOf(text: string, exact: boolean, at: string): object {
  let record: unknown;
  try {
    record = parseJson(text, exact);
  } catch {
    // The parser's message quotes the record.
  }
  if (isStruct(record)) return record;
  throw new TributaryError('SourceDataInvalid', 'a record is no JSON object', { at });
}

/** The fields that the read set is of: those of a nested name are read with their parent. */
function selectedFields(definition: EntityDefinition, names: readonly string[]): string[] {
  const all = definition.fields.filter(isRetrievable).map(({ fieldName }) => fieldName);
  if (names.includes(wholeRecord)) return all;
  const selected = names.flatMap((name) => ownerOf(definition, name)?.fieldName ?? []);
  return [...new Set(selected)].filter((name) => all.includes(name));
}

/** The field of that name, or the Struct that it is a path into. */
function ownerOf({ fields }: EntityDefinition, name: string): EntityField | undefined {
  const own = fields.find(({ fieldName }) => fieldName === name);
  if (own) return own;
  return fields
    .filter(({ fieldName, dataType }) => isNesting(dataType) && name.startsWith(`${fieldName}.`))
    .toSorted((a, b) => b.fieldName.length - a.fieldName.length)[0];
}

function isNesting(type: FieldType): boolean {
  return type === 'Struct' || type === 'Map';
}

/** @throws SchemaChanged for a name that the entity does not have */
function rowReader(
  definition: EntityDefinition,
  names: readonly string[],
  at: string,
): (record: object) => Row {
  const readers = names.map((name): ((record: object) => Value) => {
    if (name === wholeRecord) return (record) => record;
    const field = ownerOf(definition, name);
    if (!field) {
      throw new TributaryError('SchemaChanged', `there is no field '${name}'`, {
        at,
        expected: `one of ${definition.fields.map(({ fieldName }) => fieldName).join(', ')}`,
      });
    }
    const read = compilePath(name);
    if (field.fieldName !== name) return read;
    const decode = decoderOf({ type: field.dataType });
    return (record) => {
      const value = read(record);
      if (value === null) return null;
      // Truth values come quoted, too.
      if (field.dataType === 'Boolean' && (value === 'true' || value === 'false')) return value === 'true';
      return decode(value) as Value;
    };
  });
  return (record) => readers.map((read) => read(record));
}
