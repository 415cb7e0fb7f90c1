import { expect, test } from 'vitest';
import {
  connectorNames,
  destinationConnectors,
  downloadingConnectors,
  jobConnectors,
  loadConnector,
  oauth2Connectors,
  workingConnectors,
} from '../../connectors/registry.ts';
import { sourceOf } from '../../engine/source-of.ts';
import { declaredEntities } from '../support/connector-fixtures.ts';

test('the registry has these connectors', () => {
  expect(connectorNames).toEqual([
    'Amplitude',
    'GitHub',
    'GoogleAnalytics4',
    'GoogleSearchConsole',
    'GoogleSheets',
    'HubSpot',
    'JDBC',
    'JiraCloud',
    'Marketo',
    'MicrosoftDynamics365',
    'Mixpanel',
    'Okta',
    'PayPal',
    'QuickBooksOnline',
    'S3',
    'SAPOData',
    'Salesforce',
    'Servicenow',
    'Slack',
    'Stripe',
    'WooCommerce',
    'Zendesk',
  ]);
});

test.each(connectorNames.map((name) => ({ name })))('$name loads and becomes a source', async ({ name }) => {
  const loaded = await loadConnector(name);
  if (!loaded) throw new Error(`${name} is missing`);
  expect(loaded.kind).toBe(['S3', 'JDBC'].includes(name) ? 'coded' : 'declared');
  expect(await sourceOf(loaded)).toMatchObject({
    describe: expect.any(Function),
    open: expect.any(Function),
    listEntities: expect.any(Function),
    testConnection: expect.any(Function),
  });
});

test('the connectors with OAuth 2, and those whose refresh tokens are replaced, are known without loading them', async () => {
  const found: Record<string, { rotates: boolean }> = {};
  for (const name of connectorNames) {
    const loaded = await loadConnector(name);
    const schemes = loaded?.kind === 'declared' ? loaded.connector.auth : [];
    const grants = schemes.filter((scheme) => scheme.kind === 'oauth2');
    if (grants.length === 0) continue;
    const rotates = grants.some((scheme) => 'rotatesRefreshToken' in scheme && scheme.rotatesRefreshToken);
    found[name] = { rotates: rotates === true };
  }
  expect(oauth2Connectors).toEqual(found);
});

test('the connectors whose answers are files are known without loading them', async () => {
  const found: string[] = [];
  for (const name of connectorNames) {
    const loaded = await loadConnector(name);
    const entities = loaded?.kind === 'declared' ? Object.values(loaded.connector.entities) : [];
    if (entities.some(({ file }) => file !== undefined)) found.push(name);
  }
  expect(downloadingConnectors).toEqual(found);
});

test('the connectors of files and databases are known without loading them', async () => {
  const found: string[] = [];
  for (const name of connectorNames) {
    const loaded = await loadConnector(name);
    const entities = loaded?.kind === 'declared' ? Object.values(loaded.connector.entities) : [];
    if (loaded?.kind === 'coded' || entities.some(({ file }) => file !== undefined)) found.push(name);
  }
  expect(workingConnectors).toEqual(found);
});

test.each(['Nope', 'toString', '__proto__', 'github'])('there is no connector %s', async (name) => {
  expect(await loadConnector(name)).toBeUndefined();
});

test('the connectors with jobs are known without loading them', () => {
  const found = declaredEntities.flatMap(({ name, entity }) => (entity.job ? [name] : []));
  expect(new Set(jobConnectors)).toEqual(new Set(found));
});

test('the connectors that take records are known without loading them', () => {
  const found = declaredEntities.flatMap(({ name, entity }) => (entity.write ? [name] : []));
  expect(new Set(destinationConnectors)).toEqual(new Set(found));
});
