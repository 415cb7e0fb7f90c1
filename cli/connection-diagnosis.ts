import { TributaryError } from '../core/errors.ts';
import type { Http, HttpResponse } from '../core/ports.ts';
import { diagnose, type LastAnswer } from '../engine/credentials/diagnose.ts';
import type { LocalHome } from '../local/home.ts';

/** The ports of a home, and the last answer that came through them. */
export function observed(home: LocalHome): {
  ports: LocalHome;
  lastAnswer(): LastAnswer | undefined;
} {
  let last: LastAnswer | undefined;
  const noted = async <T extends HttpResponse>(answering: () => Promise<T>): Promise<T> => {
    last = undefined;
    const response = await answering();
    last = { headers: response.headers, at: home.clock.now() };
    return response;
  };
  const http: Http = {
    send: (request) => noted(() => home.http.send(request)),
    download: (request) => noted(() => home.http.download(request)),
  };
  return { ports: { ...home, http }, lastAnswer: () => last };
}

/** What failed a test, led by what is most likely wrong with the connection. */
export function diagnosed(error: unknown, name: string, last: LastAnswer | undefined): unknown {
  if (!(error instanceof TributaryError)) return error;
  const found = diagnose(error, last);
  if (!found) return error;
  return new TributaryError(error.code, `${found.cause}: ${error.message}`, {
    at: `connection ${name}`,
    fix: `${found.fix}: \`tributary connection edit ${name}\``,
    cause: error,
  });
}
