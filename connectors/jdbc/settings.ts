/** The connection's settings and the flow's source properties, checked. */

import { type SourceRequest, TributaryError } from '#core';
import { didYouMean, shorten } from '../../core/flow/finding.ts';
import type { Dialect, Target } from './dialect.ts';
import { mysql } from './mysql.ts';
import { postgresql } from './postgresql.ts';

const dialects = new Map<string, Dialect>([
  ['postgresql', postgresql],
  ['mysql', mysql],
]);
const sslModes = ['disable', 'require', 'verify-full'] as const;

/** @throws ConnectionInvalid */
export function dialectOf(request: SourceRequest): Dialect {
  const driver = request.settings.driver;
  const dialect = dialects.get(driver ?? '');
  if (dialect) return dialect;
  throw invalid(request, 'driver', driver, [...dialects.keys()].join(' or '));
}

/** @throws ConnectionInvalid, InvalidCredentials */
export function targetOf(
  request: SourceRequest,
  dialect: Dialect,
  credentials: Readonly<Record<string, string>>,
): Target {
  const { settings } = request;
  const { host, port } = address(request, dialect);
  const { database } = settings;
  if (!database) throw invalid(request, 'database', database, "the database's name");
  const ssl = settings.ssl ?? (isLoopback(host) ? 'disable' : 'require');
  const mode = sslModes.find((known) => known === ssl);
  if (!mode) throw invalid(request, 'ssl', ssl, sslModes.join(', '));
  const { username, password } = credentials;
  if (!username || password === undefined) {
    throw new TributaryError(
      'InvalidCredentials',
      `the credentials have no ${username ? 'password' : 'username'}`,
      {
        at: `connection ${request.connectorProfileName ?? ''}`,
        expected: 'username and password',
      },
    );
  }
  return {
    host,
    port,
    database,
    ssl: mode,
    username,
    password,
    ...(settings.sslCa && { sslCa: settings.sslCa }),
  };
}

function address(request: SourceRequest, dialect: Dialect): { host: string; port: number } {
  const { settings } = request;
  // `host:port`; a connection file can only give a URL.
  const endpoint = request.endpoint?.replace(/^https?:\/\//, '').replace(/\/$/, '');
  const colon = endpoint?.lastIndexOf(':') ?? -1;
  const host = endpoint === undefined ? settings.hostname : endpoint.slice(0, colon).replace(/^\[|\]$/g, '');
  const port =
    endpoint === undefined ? (settings.port ?? String(dialect.defaultPort)) : endpoint.slice(colon + 1);
  // A name or an address, never a URL or the path of a socket.
  if (host === undefined || !/^[\w.:-]+$/.test(host))
    throw invalid(request, 'hostname', host, 'a host name or an IP address');
  if (!/^\d{1,5}$/.test(port) || Number(port) < 1 || Number(port) > 65_535)
    throw invalid(request, 'port', port, '1 to 65535');
  return { host, port: Number(port) };
}

const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || host.startsWith('127.');

function invalid(
  request: SourceRequest,
  setting: string,
  got: string | undefined,
  expected: string,
): TributaryError {
  return new TributaryError(
    'ConnectionInvalid',
    `the setting '${setting}' is ${got === undefined ? 'missing' : 'wrong'}`,
    {
      at: `connection ${request.connectorProfileName ?? ''}`,
      ...(got !== undefined && { got: shorten(got) }),
      expected,
    },
  );
}

export interface EntityName {
  readonly schema: string;
  readonly table: string;
}

/** `schema.table`; `schema/table` for names with dots. @throws InvalidArgument */
export function entityOf(request: SourceRequest): EntityName {
  const { entityName } = request.properties;
  const text = typeof entityName === 'string' ? entityName : '';
  const at = text.indexOf(text.includes('/') ? '/' : '.');
  if (at > 0 && at < text.length - 1) return { schema: text.slice(0, at), table: text.slice(at + 1) };
  throw new TributaryError('InvalidArgument', 'entityName does not name a table', {
    at: 'CustomConnector.entityName',
    got: shorten(entityName),
    expected: 'schema.table',
  });
}

/**
 * `customProperties.keyFields`: the columns, comma-separated, that identify a row of a table or view whose catalog entry
 * does not say so.
 */
export function keyFieldsOf(request: SourceRequest): string[] | undefined {
  const { customProperties } = request.properties;
  if (typeof customProperties !== 'object' || customProperties === null) return undefined;
  const known = ['keyFields'];
  for (const name of Object.keys(customProperties)) {
    if (known.includes(name)) continue;
    const fix = didYouMean(name, known);
    throw new TributaryError('InvalidArgument', `there is no custom property '${name}'`, {
      at: 'CustomConnector.customProperties',
      expected: known.join(', '),
      ...(fix && { fix }),
    });
  }
  const keyFields = 'keyFields' in customProperties ? customProperties.keyFields : undefined;
  if (typeof keyFields !== 'string') return undefined;
  return keyFields.split(',').map((field) => field.trim());
}
