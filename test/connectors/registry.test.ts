import { expect, test } from 'vitest';
import { connectorNames, loadConnector } from '../../connectors/registry.ts';
import { sourceOf } from '../../engine/source-of.ts';

test('the registry has these connectors', () => {
  expect(connectorNames).toEqual(['GitHub', 'JDBC', 'S3', 'Stripe']);
});

test.each(connectorNames.map((name) => ({ name })))('$name loads and becomes a source', async ({ name }) => {
  const loaded = await loadConnector(name);
  if (!loaded) throw new Error(`${name} is missing`);
  expect(loaded.kind).toBe(['S3', 'JDBC'].includes(name) ? 'coded' : 'declared');
  expect(sourceOf(loaded)).toMatchObject({
    describe: expect.any(Function),
    open: expect.any(Function),
    listEntities: expect.any(Function),
    testConnection: expect.any(Function),
  });
});

test.each(['Nope', 'toString', '__proto__', 'github'])('there is no connector %s', async (name) => {
  expect(await loadConnector(name)).toBeUndefined();
});
