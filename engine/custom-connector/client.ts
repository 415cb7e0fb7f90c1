import type * as z from 'zod';
import { type ErrorCode, TributaryError } from '../../core/errors.ts';
import { pathText } from '../../core/flow/finding.ts';
import type { Log } from '../../core/ports.ts';
import { redact } from '../http/vendor-error.ts';
import { type AnswerOf, answers, type Outcome, outcome, type RequestType } from './answers.ts';
import { type ConnectorHost, type ProtocolMessage, payloadLimit } from './host.ts';

/** Milliseconds. AppFlow gives 30 s to requests on records and 10 s to others; what has to start first takes some more. */
const timeouts: Partial<Record<RequestType, number>> = {
  QueryDataRequest: 35_000,
  RetrieveDataRequest: 35_000,
  WriteDataRequest: 35_000,
};
const otherTimeout = 20_000;
/** Seconds to wait where the connector asks to slow down and does not say for how long. */
const otherwiseSeconds = 10;
/** Characters of a connector's message that are shown. */
const shown = 500;

export interface Attempt<T extends RequestType> {
  readonly outcome: Outcome;
  /** Of a failure: if there is one of the protocol. */
  readonly answer: AnswerOf<T> | undefined;
}

export interface ConnectorClient {
  /** @throws what the host throws; ConnectorProtocol for an answer that is none of the protocol */
  attempt<T extends RequestType>(type: T, request: ProtocolMessage): Promise<Attempt<T>>;
  /** The same for an answer that has to be a success, of a request without credentials. @throws what its error code says, too */
  ask<T extends RequestType>(type: T, request: ProtocolMessage): Promise<AnswerOf<T>>;
}

/** @param label the connector's */
export function connectorClient(label: string, host: ConnectorHost, log: Log): ConnectorClient {
  const placeOf = (type: RequestType) => `${label}, ${type.replace(/Request$/, '')}`;

  async function attempt<T extends RequestType>(type: T, request: ProtocolMessage): Promise<Attempt<T>> {
    const at = placeOf(type);
    const message = { type, ...request };
    const size = Buffer.byteLength(JSON.stringify(message));
    if (size > payloadLimit) {
      throw new TributaryError('InvalidArgument', 'the request is larger than a function takes', {
        at,
        got: `${size} bytes`,
        expected: `${payloadLimit} bytes at most`,
      });
    }
    const got = await host.invoke(message, timeouts[type] ?? otherTimeout);
    const told = parsed(outcome, got, at);
    log.info('connector asked', { at, success: told.isSuccess });
    const schema = answers[type] as unknown as z.ZodType<AnswerOf<T>>;
    return { outcome: told, answer: told.isSuccess ? parsed(schema, got, at) : schema.safeParse(got).data };
  }

  return {
    attempt,
    async ask(type, request) {
      const { outcome: told, answer } = await attempt(type, request);
      if (!told.isSuccess || answer === undefined) throw refusal(told, placeOf(type), []);
      return answer;
    },
  };
}

/** The protocol's error codes that are ours, too. */
const sameCodes: readonly ErrorCode[] = [
  'InvalidArgument',
  'InvalidCredentials',
  'AccessDenied',
  'RequestTimeout',
  'RateLimitExceeded',
  'ServiceUnavailable',
  'ClientError',
  'ServerError',
  'ResourceNotFoundError',
];

/**
 * A failure that an answer tells of.
 *
 * @param secrets what its message must not show
 */
export function refusal({ errorDetails }: Outcome, at: string, secrets: readonly string[]): TributaryError {
  const { errorCode, errorMessage, retryAfterSeconds } = errorDetails ?? {};
  // UnknownError, and whatever else a connector says, may pass.
  const code = sameCodes.find((known) => known === errorCode) ?? 'ServerError';
  const wait = code === 'RateLimitExceeded' ? (retryAfterSeconds ?? otherwiseSeconds) : retryAfterSeconds;
  const told = redact(errorMessage ?? '', secrets).slice(0, shown);
  return new TributaryError(
    code,
    told ? `the connector says "${told}"` : 'the connector refuses, and does not say why',
    {
      at,
      ...(errorCode && errorCode !== code && { vendorCode: errorCode }),
      ...(wait !== undefined && wait > 0 && { retryAfterSeconds: wait }),
    },
  );
}

/** @throws ConnectorProtocol for what the schema does not take */
export function parsed<T>(schema: z.ZodType<T>, answer: unknown, at: string): T {
  const { data, error } = schema.safeParse(answer);
  if (!error) return data as T;
  const [issue] = error.issues;
  const path = pathText((issue?.path ?? []).map((part) => (typeof part === 'symbol' ? '' : part)));
  throw new TributaryError('ConnectorProtocol', 'the answer is none of the connector protocol', {
    at: [at, path].filter(Boolean).join(', '),
    ...(issue && { got: issue.message }),
  });
}
