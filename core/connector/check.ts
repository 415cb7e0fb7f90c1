import { TributaryError, TributaryErrors } from '../errors.ts';
import type { Connector, Entity } from './connector.ts';
import { isFieldPath } from './field-path.ts';
import type { FilterParameter, WriteOperation } from './fields.ts';
import { holesOf, textsIn } from './holes.ts';
import type { Job } from './job.ts';
import { windowFields } from './window-fields.ts';

/**
 * What the compiler cannot know of a declaration: holes without a setting, unknown parents, malformed paths.
 *
 * @throws TributaryErrors (InvalidArgument) with all findings: `GitHub.issues: no setting or field named 'ownr'`
 */
export function checkConnector(connector: Connector): void {
  const settings = Object.keys(connector.settings ?? {});
  const findings = [
    ...baseUrlFindings(connector),
    ...holesOf(
      [
        connector.baseUrl,
        connector.validateCredentials,
        ...Object.values(connector.headers ?? {}),
        ...oauth2Addresses(connector),
      ].join('\n'),
    )
      .filter((name) => !settings.includes(name))
      .map((name) => finding(connector.label, `no setting named '${name}'`, settings)),
    ...paths(connector.label, {
      records: pathOf(connector.records),
      'errors.inBody.path': connector.errors?.inBody?.path,
      ...Object.fromEntries([connector.errors?.message].flat().map((path) => ['errors.message', path])),
      'errors.vendorCode': connector.errors?.vendorCode,
    }),
    ...Object.entries(connector.entities).flatMap(([name, entity]) => [
      ...entityFindings(connector, `${connector.label}.${name}`, entity, settings),
      ...halvingFindings(connector, `${connector.label}.${name}`, entity),
      ...shrinkingFindings(connector, `${connector.label}.${name}`, entity),
    ]),
  ];
  if (findings.length > 0) throw new TributaryErrors('InvalidArgument', findings);
}

/** Where access tokens come from. */
function oauth2Addresses({ auth }: Connector): string[] {
  return auth.flatMap((scheme) =>
    scheme.kind === 'oauth2'
      ? [
          scheme.tokenUrl,
          ...scheme.scopes,
          ...('authorizeUrl' in scheme ? [scheme.authorizeUrl] : []),
          ...('audience' in scheme ? [scheme.audience] : []),
          ...('authorizeParameters' in scheme ? Object.values(scheme.authorizeParameters ?? {}) : []),
          ...Object.values(scheme.tokenParameters ?? {}),
        ]
      : [],
  );
}

function baseUrlFindings({ label, baseUrl, hosts }: Connector): TributaryError[] {
  const findings: TributaryError[] = [];
  if (!/^(https:\/\/[^/]|\{[^{}]+\})(.*[^/])?$/.test(baseUrl)) {
    findings.push(
      new TributaryError('InvalidArgument', 'baseUrl is not usable', {
        at: label,
        got: baseUrl,
        expected: 'https://… without a trailing slash',
      }),
    );
  }
  const [, authority = ''] = /^(?:https:\/\/)?([^/]*)/.exec(baseUrl) ?? [];
  if (authority.includes('{') && !hosts?.length) {
    findings.push(
      new TributaryError('InvalidArgument', 'the host of baseUrl has holes but no hosts are declared', {
        at: label,
        fix: "add hosts: ['*.example.com'], so that credentials go nowhere else",
      }),
    );
  }
  return findings;
}

function entityFindings(
  connector: Connector,
  at: string,
  entity: Entity,
  settings: readonly string[],
): TributaryError[] {
  const parents = parentsOf(connector, entity);
  const { incremental } = entity;
  const known = [
    ...settings,
    ...[...new Set(parents)].flatMap((name) =>
      Object.keys(connector.entities[name]?.fields ?? {}).map((field) => `${name}.${field}`),
    ),
    ...Object.keys(entity.each ?? {}),
    ...Object.keys(entity.parameters ?? {}).filter((name) => !entity.parameters?.[name]?.filters),
  ];
  const fields = Object.entries(entity.fields);
  const { job } = entity;
  const { pagination } = entity;
  const begin = typeof pagination === 'object' && pagination.kind === 'cursor' ? pagination.begin : undefined;
  const requests = [
    entity,
    { path: begin?.path ?? '' },
    { path: '', ...incremental?.list },
    { path: '', ...job?.create },
  ];
  const templates = requests.flatMap(({ path, query, headers, body }) => [
    path,
    ...textsIn([query, headers, body]),
  ]);
  const holes = [
    ...holesOf(templates.join('\n')),
    ...fields.flatMap(([, { hole }]) => (hole === undefined ? [] : [hole])),
  ];
  const search = entity.search ?? connector.search;
  const findings = [
    ...[...new Set(holes)]
      .filter((name) => !known.includes(name))
      .map((name) => finding(at, `no setting or field named '${name}'`, known)),
    ...(job ? jobFindings(connector, at, entity, job, known) : []),
    ...writeFindings(connector, at, entity),
    ...[...entity.primaryKey, ...(incremental ? windowFields(incremental) : [])]
      .filter((name) => !Object.hasOwn(entity.fields, name))
      .map((name) => finding(at, `no field named '${name}'`, Object.keys(entity.fields))),
    ...fields.flatMap(([name, { parts = {} }]) =>
      Object.values(parts)
        .filter((part) => !Object.hasOwn(entity.fields, part))
        .map((part) => finding(`${at}.${name}`, `no field named '${part}'`, Object.keys(entity.fields))),
    ),
    ...paths(at, {
      records: pathOf(entity.records),
      'skipIf.present': entity.skipIf?.present,
      'pagination.begin.at': begin?.at,
      ...Object.fromEntries(fields.map(([name, field]) => [`fields.${name}.at`, field.at])),
    }),
    ...fields.flatMap(([name, field]) =>
      [...new Set([...(field.write ?? []), ...(field.identifies ?? [])])]
        .filter((operation: WriteOperation) => entity.write?.[operation] === undefined)
        .map((operation) => finding(`${at}.${name}`, `the entity declares no write operation ${operation}`)),
    ),
    ...Object.entries(entity.parameters ?? {})
      .filter(([name, { filters }]) => !filters && !holes.includes(name))
      .map(([name]) => finding(at, `parameter '${name}' has neither filters nor a hole in the path`)),
    ...(search ? [] : [...fields, ...Object.entries(entity.parameters ?? {})])
      .filter(([, { filters }]) => Object.values(filters ?? {}).some(isSearched))
      .map(([name]) => finding(`${at}.${name}`, 'a filter without a parameter needs a search')),
    ...Object.keys(entity.parameters ?? {})
      .filter((name) => Object.hasOwn(entity.fields, name))
      .map((name) => finding(at, `'${name}' is both a field and a parameter`)),
  ];
  if (entity.file && (entity.records !== undefined || entity.decode || entity.pagination !== undefined)) {
    findings.push(finding(at, "a file has neither 'records' nor 'decode' nor pages"));
  }
  if (entity.file && incremental && !connector.clock) {
    findings.push(
      finding(at, "the connector needs a 'clock': asking for a file only to see the time is too much"),
    );
  }
  if (new Set(parents).size < parents.length) {
    findings.push(finding(at, `the parents lead in a circle: ${parents.join(', ')}`));
  }
  if (entity.parent !== undefined && !connector.entities[entity.parent]) {
    findings.push(finding(at, `no entity named '${entity.parent}'`, Object.keys(connector.entities)));
  }
  if (incremental && (incremental.order === 'newestFirst') === (incremental.from !== undefined)) {
    findings.push(finding(at, "incremental needs either 'from' or the order 'newestFirst'"));
  }
  if (incremental?.order === 'oldestFirst' && !entity.mayRepeat) {
    findings.push(finding(at, "the order 'oldestFirst' repeats records; declare mayRepeat: true"));
  }
  return findings;
}

/** What is read again, as its window turns out to be too large after a page or two, is known by its key. */
function halvingFindings(
  { errors, pagination: usual }: Connector,
  at: string,
  { incremental, pagination = usual, mayRepeat, job, file }: Entity,
): TributaryError[] {
  const isHalved = errors?.rules?.some(({ code }) => code === 'WindowTooLarge') ?? false;
  const isPaged = pagination !== undefined && pagination !== 'onePage' && !job && !file;
  return isHalved && isPaged && incremental?.from && incremental.to && !mayRepeat
    ? [finding(at, 'a window that is halved after its first page repeats records; declare mayRepeat: true')]
    : [];
}

/** Pages that are read again, as the list has lost records. */
function shrinkingFindings({ pagination: usual }: Connector, at: string, entity: Entity): TributaryError[] {
  const { incremental, mayRepeat, pagination = usual } = entity;
  const ways = [pagination, incremental?.list?.pagination].filter((one) => typeof one === 'object');
  const isCounted = ways.some((one) => one.kind === 'page' && one.total !== undefined);
  const overlapping = ways.filter((one) => one.kind === 'offset').filter(({ overlap }) => overlap);
  const isShort = overlapping.some(({ mayBeShort }) => mayBeShort);
  return [
    ...(isCounted && !mayRepeat
      ? [finding(at, "pages with a 'total' may be read again, and repeat records; declare mayRepeat: true")]
      : []),
    ...(overlapping.length > 0 && !mayRepeat
      ? [finding(at, "pages with an 'overlap' repeat records; declare mayRepeat: true")]
      : []),
    ...(isShort ? [finding(at, "of pages with an 'overlap' the first that is not full is the last")] : []),
  ];
}

function jobFindings(
  { clock, entities }: Connector,
  at: string,
  entity: Entity,
  { create, id, status, results, automatic }: Job,
  known: readonly string[],
): TributaryError[] {
  const { path, start, message } = status;
  const texts = [path, start?.path, results.path, ...textsIn([results.query, results.headers])];
  const holes = holesOf(texts.filter((text) => text !== undefined).join('\n'));
  const isParent = Object.values(entities).some(({ parent }) => parent && entities[parent] === entity);
  return [
    ...[...new Set(holes)]
      .filter((name) => name !== 'job' && !known.includes(name))
      .map((name) => finding(at, `no setting or field named '${name}'`, ['job', ...known])),
    ...[path, start?.path, results.path]
      .filter((text) => text !== undefined && !holesOf(text).includes('job'))
      .map((text) => finding(at, `the path '${text}' has no hole {job}`)),
    ...paths(at, {
      'job.id': id,
      'job.status.at': status.at,
      'job.status.message': message,
      'job.automatic.count': automatic?.count,
    }),
    ...(create === undefined && entity.incremental && clock === undefined
      ? [finding(at, "a list that jobs alone make cannot tell the time: declare the connector's clock")]
      : []),
    ...(create === undefined && isParent
      ? [finding(at, 'a parent needs a list that is read without a job')]
      : []),
    ...(automatic && (create === undefined || entity.parent !== undefined || entity.each)
      ? [finding(at, 'job.automatic chooses between one list and the job that create declares')]
      : []),
  ];
}

function writeFindings(
  { settings = {} }: Connector,
  at: string,
  { write = {}, fields }: Entity,
): TributaryError[] {
  const known = ['idField', ...Object.keys(settings)];
  return Object.entries(write).flatMap(([operation, { request, records, results }]) => {
    const place = `${at}.write.${operation}`;
    const holes = holesOf(request);
    const identifies = Object.values(fields).some(({ identifies = [] }) =>
      (identifies as readonly string[]).includes(operation),
    );
    return [
      ...holes
        .filter((name) => !known.includes(name))
        .map((name) => finding(place, `no setting named '${name}'`, known)),
      ...(Number.isInteger(records) && records > 0
        ? []
        : [finding(place, `records is ${records}`, ['1', '2', '…'])]),
      ...(operation === 'INSERT' || identifies
        ? []
        : [finding(place, `no field identifies the record: declare identifies: ['${operation}']`)]),
      ...paths(place, {
        'results.at': results.at,
        'results.written.path': results.written.path,
        'results.code': results.code,
        'results.message': results.message,
      }),
    ];
  });
}

/** The entity's parent, its parent's parent and so on; a name comes twice where they lead in a circle. */
function parentsOf({ entities }: Connector, entity: Entity): string[] {
  const names: string[] = [];
  for (let above = entity.parent; above !== undefined; above = entities[above]?.parent) {
    names.push(above);
    if (names.indexOf(above) < names.length - 1) break;
  }
  return names;
}

function isSearched(filter: FilterParameter | undefined): boolean {
  return filter === true || (typeof filter === 'object' && !('from' in filter) && filter.param === undefined);
}

function pathOf(records: Entity['records']): string | undefined {
  return typeof records === 'string' ? records : undefined;
}

function paths(at: string, candidates: Readonly<Record<string, string | undefined>>): TributaryError[] {
  return Object.entries(candidates).flatMap(([where, path]) =>
    path === undefined || isFieldPath(path)
      ? []
      : [
          new TributaryError('InvalidArgument', `${where} is not a path`, {
            at,
            got: path,
            expected: 'names joined by dots, [*] after a list: labels[*].name',
          }),
        ],
  );
}

function finding(at: string, summary: string, known?: readonly string[]): TributaryError {
  return new TributaryError('InvalidArgument', summary, {
    at,
    ...(known?.length ? { expected: `one of ${known.join(', ')}` } : {}),
  });
}
