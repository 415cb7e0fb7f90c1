import { describe, expect, test } from 'vitest';
import { connectorNames } from '../../connectors/registry.ts';
import type { ConnectorDescription } from '../../core/connector/description.ts';
import { command } from './command.ts';

describe('connectors', () => {
  test('lists all of the registry, a line each', async () => {
    const { exitCode, out } = await command().run('connectors');
    expect(exitCode).toBe(0);
    const [head = '', ...lines] = out.trimEnd().split('\n');
    expect(head).toMatch(/^NAME +AUTHENTICATION +ENTITIES +FIELDS +INCREMENTAL +PAGES +LIMITS$/);
    expect(lines.map((line) => line.split(' ')[0])).toEqual(connectorNames);
    expect(lines).toContainEqual(
      expect.stringMatching(
        /^HubSpot +authorizationCode, apiKey +\d+, discovered +\d+ +\d+ .* 4 requests in 1 s$/,
      ),
    );
    expect(lines).toContainEqual(expect.stringMatching(/^S3 +none +discovered$/));
  });

  test('tells all about one', async () => {
    const { exitCode, out } = await command().run('connectors', 'GitHub');
    expect(exitCode).toBe(0);
    expect(out).not.toContain('Stripe');
    expect(out).toMatch(/^GitHub$/m);
    expect(out).toMatch(/^ {2}authentication +authorizationCode \(OAuth 2, .*\), scopes repo read:org$/m);
    expect(out).toMatch(/^ {2}settings +owner: Owner; The user or organization/m);
    expect(out).toMatch(/^issues {2}Repository Issue$/m);
    expect(out).toMatch(/^ {2}pages +Link header, 100 records a page$/m);
    expect(out).toMatch(/^ {2}incremental +by updated_at$/m);
    expect(out).toMatch(/^ {2}read for each of +pull_requests$/m);
    expect(out).toMatch(/^ {2}base_ref +String +Pull Request Base +EQUAL_TO$/m);
    expect(out).toMatch(/^ {2}mentioned +String +Mentioned +EQUAL_TO$/m);
  });

  test('says where changes are not seen, and where only the connection knows the entities', async () => {
    expect((await command().run('connectors', 'Stripe')).out).toMatch(
      /^ {2}incremental +by created: new records only, changes of a record are not seen$/m,
    );
    expect((await command().run('connectors', 'JDBC')).out).toMatch(
      /^ {2}entities +told by the connection: see `tributary discover`$/m,
    );
  });

  test('prints the same for programs: a list, also of one', async () => {
    const all = await command().json<ConnectorDescription[]>('connectors');
    expect(all.map(({ name }) => name)).toEqual(connectorNames);
    const [gitHub, ...others] = await command().json<ConnectorDescription[]>('connectors', 'GitHub');
    expect(others).toEqual([]);
    expect(all).toContainEqual(gitHub);
    expect(gitHub?.entities.find(({ name }) => name === 'pull_requests')?.fields).toContainEqual({
      name: 'base_ref',
      label: 'Pull Request Base',
      type: 'String',
      filters: [
        'EQUAL_TO',
        'NOT_EQUAL_TO',
        'LESS_THAN',
        'LESS_THAN_OR_EQUAL_TO',
        'GREATER_THAN',
        'GREATER_THAN_OR_EQUAL_TO',
        'BETWEEN',
        'CONTAINS',
      ],
      pushedDown: ['EQUAL_TO'],
    });
  });

  test('refuses a connector that is not there', async () => {
    const { exitCode, err } = await command().run('connectors', 'GitHup');
    expect(exitCode).toBe(2);
    expect(err).toMatch(/no such connector; got GitHup; expected one of .*GitHub.*; did you mean 'GitHub'\?/);
  });
});
