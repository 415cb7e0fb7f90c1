import type { Connector } from '../../core/connector/connector.ts';
import { compileFieldPath } from '../../core/connector/field-path.ts';
import type { RecordedExchange } from '../../core/exchange.ts';
import type { HttpResponse } from '../../core/ports.ts';
import { jsonStandIn } from '../../core/stand-in.ts';
import { redact } from './vendor-error.ts';

/** Characters: it travels with the error, see engine/run/failure.ts. */
const longestBody = 2_000;
const longestHeader = 200;

/**
 * What is kept of the answer that an error came from.
 *
 * @param url before credentials were added to its query
 */
export function recordedExchange(
  connector: Connector,
  { method, url }: { readonly method: string; readonly url: URL },
  { status, headers, body }: HttpResponse,
  secrets: readonly string[],
): RecordedExchange {
  const text = redact(Buffer.from(body).toString(), secrets);
  const query = [...new Set(url.searchParams.keys())].join('&');
  // Without its template a path does not tell ids from words: what has a digit, an @ or an encoded sign is taken for one.
  const path = url.pathname.replace(/\/(?=[^/]*[\d@%])(?!v\d+(?:\.\d+)*(?:\/|$))[^/]+/g, '/*');
  return {
    method,
    request: query ? `${path}?${query}` : path,
    status,
    headers: Object.fromEntries(
      headersLookedAt(connector).flatMap((name) => {
        const value = headers[name];
        return value === undefined ? [] : [[name, redact(value, secrets).slice(0, longestHeader)]];
      }),
    ),
    body: jsonStandIn(text.slice(0, longestBody), wordsOfError(connector, text)),
  };
}

function headersLookedAt({ rateLimit = {}, errors = {} }: Connector): string[] {
  const { remaining, resetAt, resetAfter, retryAfter = 'retry-after', usage } = rateLimit;
  const names = [
    'content-type',
    'date',
    ...[remaining, resetAt, resetAfter, retryAfter, usage, errors.requestId],
    ...(errors.rules ?? []).flatMap((rule) => Object.keys(rule.header ?? {})),
  ];
  return [...new Set(names.filter((name) => name !== undefined))];
}

/** Names of members, and the texts that say what was wrong: the record tells them anyway. */
function wordsOfError({ errors = {} }: Connector, text: string): Set<string> {
  const words = new Set<string>();
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch {
    return words;
  }
  const addNames = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    for (const [name, member] of Object.entries(value)) {
      words.add(name);
      addNames(member);
    }
  };
  const paths = [errors.message, errors.vendorCode, errors.inBody?.path].flat();
  const told = paths.flatMap((path) => (path === undefined ? [] : [compileFieldPath(path)(answer)]));
  for (const value of told.flat()) if (typeof value === 'string') words.add(value);
  if (told.some((value) => value !== undefined && value !== null)) addNames(answer);
  return words;
}
