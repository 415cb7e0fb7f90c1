import type { Clock, LogFields, PageToken, Row, SourceDescription, SourcePorts, SourceRequest } from '#core';
import { jdbc } from '../../../connectors/jdbc/source.ts';

export interface Server {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly username: string;
  readonly password: string;
}

export interface TestPorts extends SourcePorts {
  readonly warnings: string[];
}

/** Ports with nothing behind them but the credentials: a database needs no store and no HTTP. */
export function portsOf(
  { username, password }: { username: string; password?: string },
  sleep: Clock['sleep'] = async () => undefined,
): TestPorts {
  const warnings: string[] = [];
  const unused = (name: string): never => {
    throw new Error(`${name} is not for databases`);
  };
  return {
    warnings,
    get objects() {
      return unused('objects');
    },
    get http() {
      return unused('http');
    },
    clock: { now: () => Date.now(), sleep },
    log: {
      info: () => undefined,
      warn: (message: string, fields?: LogFields) =>
        warnings.push(`${message} ${JSON.stringify(fields ?? {})}`),
      error: () => undefined,
    },
    credentials: async () => ({ username, ...(password !== undefined && { password }) }),
    accessToken: async () => ({ token: '', isNew: false }),
  };
}

export function requestOn(
  driver: 'postgresql' | 'mysql',
  server: Server,
  entityName: string,
  more: Partial<SourceRequest> = {},
): SourceRequest {
  return {
    flowName: 'orders-to-lake',
    connector: 'JDBC',
    connectorProfileName: 'shop-database',
    properties: { entityName },
    settings: { driver, hostname: server.host, port: String(server.port), database: server.database },
    fields: [],
    filters: [],
    window: { end: Date.parse('2100-01-01T00:00:00Z') },
    ...more,
  };
}

export interface ReadResult {
  readonly description: SourceDescription;
  readonly rows: Row[];
  readonly tokens: PageToken[];
}

/** Describes and reads all pages, as a run does; all fields where the request names none. */
export async function readAll(request: SourceRequest, ports: SourcePorts): Promise<ReadResult> {
  const description = await jdbc.describe({ ...request, fields: [] }, ports);
  const fields = request.fields.length > 0 ? request.fields : description.fields.map((field) => field.name);
  const rows: Row[] = [];
  const tokens: PageToken[] = [];
  for (const split of description.splits) {
    const session = await jdbc.open({ ...request, fields }, split, ports);
    let token: PageToken | undefined;
    do {
      const page = await session.read(token);
      rows.push(...page.rows);
      // What a run stores is JSON.
      token = page.next && JSON.parse(JSON.stringify(page.next));
      if (token) tokens.push(token);
    } while (token);
    await session.close();
  }
  return { description, rows, tokens };
}
