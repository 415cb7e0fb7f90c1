/** The folder of a new connector, and its line in the registry. */

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';

/** A connector's names, made of what its author typed: `my-desk`. */
export interface ConnectorNames {
  readonly folder: string;
  /** In the registry, and in a connection's `connectorLabel`. */
  readonly name: string;
  readonly label: string;
}

/**
 * Makes `connectors/<folder>` with a declaration that passes the tests, and adds it to the registry, which is sorted.
 *
 * @param root of the repository
 * @throws Error if the name is none, or is taken
 */
export function newConnector(given: string, root: URL): ConnectorNames {
  if (!/^[A-Za-z][A-Za-z0-9]*(-[A-Za-z0-9]+)*$/.test(given)) {
    throw new Error(`'${given}' is no name; write letters, digits and dashes: npm run new:connector my-desk`);
  }
  const folder = given.toLowerCase();
  const words = given.split('-').map((part) => part.charAt(0).toUpperCase() + part.slice(1));
  const names = { folder, name: words.join(''), label: words.join(' ') };
  const home = new URL(`connectors/${folder}/`, root);
  if (existsSync(home)) throw new Error(`connectors/${folder} exists already`);
  const registry = new URL('connectors/registry.ts', root);
  const registered = withLine(readFileSync(registry, 'utf8'), names);

  mkdirSync(new URL('fixtures/', home), { recursive: true });
  const write = (file: string, text: string) => writeFileSync(new URL(file, home), text);
  write('connector.ts', declarationOf(names));
  write('README.md', readmeOf(names));
  write('fixtures/things.exchanges.json', `${JSON.stringify(exchangesOf(names), null, 2)}\n`);
  write('fixtures/things.records.json', `${JSON.stringify([record], null, 2)}\n`);
  writeFileSync(registry, registered);
  return names;
}

function variableOf({ name }: ConnectorNames): string {
  return name.charAt(0).toLowerCase() + name.slice(1);
}

/** The registry with one more line, before the first connector that is behind it in the alphabet. */
function withLine(registry: string, names: ConnectorNames): string {
  const { name, folder } = names;
  const line = `  ${name}: async () => declared((await import('./${folder}/connector.ts')).${variableOf(names)}),\n`;
  const entries = [...registry.matchAll(/^ {2}(\w+): async \(\) =>/gm)];
  const last = entries.at(-1);
  if (!last) throw new Error('connectors/registry.ts has no connectors');
  if (entries.some(([, known]) => known === name)) throw new Error(`${name} is in the registry already`);
  const behind = entries.find(([, known = '']) => known.localeCompare(name, 'en') > 0);
  const at = behind?.index ?? registry.indexOf('\n};\n', last.index) + 1;
  return registry.slice(0, at) + line + registry.slice(at);
}

function declarationOf(names: ConnectorNames): string {
  const { folder, label } = names;
  return `import { apiKey, dateTime, defineConnector, entity, linkHeader, string } from '#core';

export const ${variableOf(names)} = defineConnector({
  label: '${label}',
  docs: 'https://developer.${folder}.example',
  apiVersion: 'v1',
  baseUrl: 'https://api.${folder}.example',
  auth: [apiKey({ label: 'API key', scheme: 'Bearer' })],
  validateCredentials: 'GET /me',
  pagination: linkHeader({ size: { per_page: 100 } }),
  errors: { message: 'message' },
  entities: {
    things: entity({
      label: 'Thing',
      docs: 'https://developer.${folder}.example/things',
      path: '/things',
      primaryKey: ['id'],
      incremental: { field: 'updated_at', from: 'updated_since' },
      fields: {
        id: string({ label: 'ID' }),
        updated_at: dateTime({ label: 'Updated at' }),
      },
    }),
  },
});
`;
}

const record = { id: 't-1', updated_at: '2024-05-01T10:00:00Z' };

function exchangesOf({ folder }: ConnectorNames) {
  const base = `https://api.${folder}.example`;
  const headers = { 'content-type': 'application/json', date: 'Thu, 02 May 2024 00:05:00 GMT' };
  const link = { ...headers, link: `<${base}/things?page=2>; rel="next"` };
  return {
    settings: {},
    request: { incrementalField: 'updated_at', window: { start: 1714521600000, end: 1714608000000 } },
    exchanges: [
      { url: `${base}/things?per_page=1`, headers, body: [record] },
      {
        url: `${base}/things?per_page=100&updated_since=2024-05-01T00%3A00%3A00Z`,
        headers: link,
        body: [record],
      },
      { url: `${base}/things?page=2`, headers, body: [] },
    ],
  };
}

function readmeOf({ label }: ConnectorNames): string {
  return `# ${label}

Source. Which API, which version.

| Entity   | AppFlow's object | Incremental by | Notes |
| -------- | ---------------- | -------------- | ----- |
| \`things\` | Thing            | \`updated_at\`   |       |

## Connection

Which credentials, which scopes, where to get them.

## Quirks

Sources: the vendor's pages.
`;
}
