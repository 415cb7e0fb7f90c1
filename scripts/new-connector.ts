/** Usage: npm run new:connector NAME. Makes a connector's folder from a template and adds it to the registry. */

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';

const [, , given = ''] = process.argv;
if (!/^[A-Za-z][A-Za-z0-9-]*$/.test(given)) {
  console.error(`'${given}' is no name; write letters, digits and dashes: npm run new:connector my-desk`);
  process.exit(2);
}
const folder = given.toLowerCase();
const label = given
  .split('-')
  .map((part) => part.charAt(0).toUpperCase() + part.slice(1))
  .join('');
const variable = label.charAt(0).toLowerCase() + label.slice(1);
const home = new URL(`../connectors/${folder}/`, import.meta.url);
if (existsSync(home)) {
  console.error(`connectors/${folder} exists already`);
  process.exit(2);
}

const declaration = `import { apiKey, dateTime, defineConnector, entity, linkHeader, string } from '#core';

export const ${variable} = defineConnector({
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
const base = `https://api.${folder}.example`;
const record = { id: 't-1', updated_at: '2024-05-01T10:00:00Z' };
const headers = { 'content-type': 'application/json', date: 'Thu, 02 May 2024 00:05:00 GMT' };
const link = { ...headers, link: `<${base}/things?page=2>; rel="next"` };
const exchanges = {
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
const readme = `# ${label}

Source. Which API, which version.

| Entity | AppFlow's object | Incremental by | Notes |
| --- | --- | --- | --- |
| \`things\` | Thing | \`updated_at\` | |

## Connection

Which credentials, which scopes, where to get them.

## Quirks

Sources: the vendor's pages.
`;

mkdirSync(new URL('fixtures/', home), { recursive: true });
const write = (file: string, text: string) => writeFileSync(new URL(file, home), text);
write('connector.ts', declaration);
write('README.md', readme);
write('fixtures/things.exchanges.json', `${JSON.stringify(exchanges, null, 2)}\n`);
write('fixtures/things.records.json', `${JSON.stringify([record], null, 2)}\n`);

const registry = new URL('../connectors/registry.ts', import.meta.url);
const line = `  ${label}: async () => declared((await import('./${folder}/connector.ts')).${variable}),\n`;
writeFileSync(registry, readFileSync(registry, 'utf8').replace(/\n\};\n/, `\n${line}};\n`));
execFileSync('npx', ['biome', 'check', '--write', home.pathname], { stdio: 'ignore' });
console.log(`connectors/${folder} is there. Next: docs/writing-a-connector.md, then`);
console.log(`npx vitest run test/connectors -t ${label}`);
