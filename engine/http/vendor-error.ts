import type { Connector, ErrorRule } from '../../core/connector/connector.ts';
import { compileFieldPath } from '../../core/connector/field-path.ts';
import { type ErrorCode, TributaryError } from '../../core/errors.ts';
import type { RecordedExchange } from '../../core/exchange.ts';
import type { HttpResponse } from '../../core/ports.ts';

const shown = 200;

const fixes: Partial<Record<ErrorCode, string>> = {
  InvalidCredentials: "renew the connection's credentials",
  AccessDenied: "grant the connection's credentials access to this data",
  ResourceNotFoundError:
    "check the connection's settings; many vendors also answer so when access is missing",
};

/** Whether an answer of 2xx is a refusal all the same, as the connector declares. */
export function refusedInBody({ errors }: Connector, json: unknown): boolean {
  if (!errors?.inBody) return false;
  const { path, is } = errors.inBody;
  const value = compileFieldPath(path)(json);
  if (is !== undefined) return value === is;
  return (
    value !== undefined && value !== null && value !== false && !(Array.isArray(value) && value.length === 0)
  );
}

/** Whether a refusal that its body tells apart from others of its status, as the connector declares, came with half of it. */
export function isCutOff({ errors }: Connector, { status, headers, body }: HttpResponse): boolean {
  const isRead = errors?.rules?.some(
    (rule) => (rule.message ?? rule.vendorCode) !== undefined && (rule.status?.includes(status) ?? true),
  );
  const isJson = /[/+]json\b/.test(headers['content-type'] ?? '');
  return isRead === true && isJson && body.length > 0 && jsonOf(body) === undefined;
}

/**
 * A refusal as an error: the code from the connector's rules, else from the status; what the vendor says,
 * shortened and without the connection's secrets.
 *
 * @param waitOf seconds to wait before the next try, as the vendor tells for an error of that code, or else the rule
 */
export function vendorError(
  connector: Connector,
  at: string,
  { status, headers, body }: HttpResponse,
  secrets: readonly string[],
  waitOf: (code: ErrorCode, ofRule: number | undefined) => number | undefined,
  exchange?: RecordedExchange,
): TributaryError {
  const { errors = {} } = connector;
  const answer = jsonOf(body);
  const textAt = (path: string | undefined) => {
    const found = path === undefined ? undefined : compileFieldPath(path)(answer);
    const value = Array.isArray(found) ? found[0] : found;
    const isText = typeof value === 'string' || typeof value === 'number';
    return isText ? redact(String(value), secrets).slice(0, shown) : undefined;
  };
  const message = [errors.message]
    .flat()
    .map(textAt)
    .find((text) => text !== undefined);
  const vendorCode = textAt(errors.vendorCode);
  const requestId = errors.requestId === undefined ? undefined : headers[errors.requestId];
  const rule = errors.rules?.find((candidate) => applies(candidate, status, headers, message, vendorCode));
  const code = rule?.code ?? codeOf(status);
  const fix = fixes[code];
  const retryAfterSeconds = waitOf(code, rule?.retryAfterSeconds);
  return new TributaryError(
    code,
    message ? `the vendor says "${message}"` : 'the vendor refused the request',
    {
      at,
      status,
      ...(vendorCode === undefined ? {} : { vendorCode }),
      ...(requestId === undefined ? {} : { requestId }),
      ...(fix === undefined ? {} : { fix }),
      ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
      ...(exchange === undefined ? {} : { exchange }),
    },
  );
}

function applies(
  rule: ErrorRule,
  status: number,
  headers: Readonly<Record<string, string>>,
  message = '',
  vendorCode = '',
): boolean {
  return (
    (rule.status === undefined || rule.status.includes(status)) &&
    Object.entries(rule.header ?? {}).every(([name, value]) =>
      value === true ? headers[name] !== undefined : headers[name] === value,
    ) &&
    (rule.message === undefined || message.toLowerCase().includes(rule.message.toLowerCase())) &&
    (rule.vendorCode === undefined || rule.vendorCode === vendorCode)
  );
}

function codeOf(status: number): ErrorCode {
  switch (status) {
    case 401:
      return 'InvalidCredentials';
    case 403:
      return 'AccessDenied';
    case 404:
    case 410:
      return 'ResourceNotFoundError';
    case 408:
      return 'RequestTimeout';
    case 429:
      return 'RateLimitExceeded';
    case 503:
      return 'ServiceUnavailable';
    default:
      if (status >= 500) return 'ServerError';
      // 2xx: refused in the body.
      return status >= 400 || status < 300 ? 'ClientError' : 'ConnectorProtocol';
  }
}

function jsonOf(body: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(body).toString());
  } catch {
    return undefined;
  }
}

export function redact(text: string, secrets: readonly string[]): string {
  return secrets
    .toSorted((a, b) => b.length - a.length)
    .reduce((redacted, secret) => redacted.replaceAll(secret, '***'), text);
}
