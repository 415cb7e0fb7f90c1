import { type ErrorCode, messageOf, TributaryError } from '#core';
import type { Target } from './dialect.ts';

/** What a database's error code means to a run. */
export interface Meaning {
  readonly code: ErrorCode;
  readonly fix?: string;
}

/**
 * A driver's error in our words. `meanings` maps the database's code or its first two characters (SQLSTATE class);
 * without one, an error that carries a code of the database is the database refusing, any other a lost connection.
 *
 * @param at what was being read, `schema.table`, or the database.
 */
export function databaseError(
  error: unknown,
  meanings: Readonly<Record<string, Meaning>>,
  at: string,
  isRefusal: boolean,
): TributaryError {
  if (error instanceof TributaryError) return error;
  const code = codeOf(error);
  const meaning = meanings[code] ?? meanings[code.slice(0, 2)];
  const context = { at, cause: error, ...(code && { vendorCode: code }) };
  if (meaning)
    return new TributaryError(meaning.code, messageOf(error), {
      ...context,
      ...(meaning.fix && { fix: meaning.fix }),
    });
  return isRefusal
    ? new TributaryError('ClientError', messageOf(error), context)
    : new TributaryError('ServerError', `the connection was lost: ${messageOf(error)}`, context);
}

/** The server could not be reached, or no encrypted connection to it came about. */
export function unreachable(error: unknown, target: Target): TributaryError {
  const code = codeOf(error);
  return new TributaryError('ConnectorUnreachable', `cannot connect: ${messageOf(error) || code}`, {
    at: `${target.host}:${target.port}`,
    ...(code && { vendorCode: code }),
    fix: /SSL|TLS|certificate|self.signed/i.test(`${messageOf(error)} ${code}`)
      ? `mend the connection's ssl setting, now '${target.ssl}': require (encrypted), verify-full (and the server proven; give sslCa unless a public authority signed its certificate) or disable`
      : 'check hostname and port, that the database listens there, and that the network lets us in: security group, VPC subnet and route of the flow, firewall',
    cause: error,
  });
}

/** The code of a database, of Node's network or TLS; `''` if there is none. */
function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return '';
  if ('code' in error && typeof error.code === 'string') return error.code;
  // Node tries all addresses of a name and reports the failures together.
  if (error instanceof AggregateError) return codeOf(error.errors[0]);
  // The driver has no names for what MariaDB alone knows, as the end of a statement's time.
  return 'sqlState' in error && typeof error.sqlState === 'string' ? error.sqlState : '';
}
