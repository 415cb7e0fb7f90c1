import { describe, expect, it } from 'vitest';
import { readConnection, resolveEnv } from '../../core/connection.ts';

const github = `
connectorProfileName: github-main
connectorType: CustomConnector
connectorLabel: GitHub
credentials:
  personalAccessToken: \${env:GITHUB_TOKEN}
`;

const jdbc = {
  connectorProfileName: 'erp-db',
  connectorType: 'CustomConnector',
  connectorLabel: 'JDBC',
  connectionMode: 'Private',
  connectorProfileProperties: { driver: 'postgresql', hostname: 'db.internal', port: 5432, database: 'erp' },
  vpc: {
    vpcId: 'vpc-0123456789abcdef0',
    subnetIds: ['subnet-0123456789abcdef0'],
    securityGroupIds: ['sg-0123456789abcdef0'],
    availabilityZones: ['eu-central-1a'],
  },
  credentials: { username: '${env:ERP_USER}', password: '${env:ERP_PASSWORD}' },
};

/** The error's name and text for the JDBC connection with other members. */
function refusal(changes: object): string {
  try {
    readConnection(JSON.stringify({ ...jdbc, ...changes }), 'erp.json');
  } catch (error) {
    if (error instanceof Error) return `${error.name} ${error.message}`;
  }
  return 'accepted';
}

describe('readConnection', () => {
  it('reads YAML and JSON', () => {
    expect(readConnection(github, 'github.yaml')).toEqual({
      connectorProfileName: 'github-main',
      connectorType: 'CustomConnector',
      connectorLabel: 'GitHub',
      credentials: { personalAccessToken: '${env:GITHUB_TOKEN}' },
    });
    expect(readConnection(JSON.stringify(jdbc), 'erp.json')).toEqual(jdbc);
    const zendesk = {
      connectorProfileName: 'z',
      connectorType: 'Zendesk',
      endpoint: 'http://127.0.0.1:8080/api',
    };
    expect(readConnection(JSON.stringify(zendesk), 'z.json')).toEqual(zendesk);
  });

  it.each([
    [
      { connectorLable: 'x' },
      "connectorLable: unknown member; expected one of connectorProfileName, connectorType, connectorLabel, connectionMode, connectorProfileProperties, vpc, endpoint, credentials; did you mean 'connectorLabel'?",
    ],
    [{ connectorProfileName: 'a b' }, 'connectorProfileName: not allowed here; got "a b"'],
    [{ connectorType: 'GitHub' }, 'connectorType: not allowed here; got "GitHub"'],
    [
      { connectorType: 'S3', connectorLabel: undefined },
      'connectorType: S3 needs no connection; remove this file',
    ],
    [
      { connectorLabel: undefined },
      'connectorLabel: missing: which custom connector it is; expected e.g. JDBC, GitHub or Stripe; add it',
    ],
    [
      { connectorType: 'Zendesk' },
      'connectorLabel: does not go with connectorType Zendesk; got "JDBC"; remove it, or set connectorType to CustomConnector',
    ],
    [{ vpc: undefined }, 'vpc: connectionMode Private needs the VPC to connect through; add it'],
    [
      { connectionMode: 'Public' },
      'connectionMode: a connection through a VPC is not public; got "Public"; expected Private',
    ],
    [{ vpc: { ...jdbc.vpc, subnetIds: [] } }, 'vpc.subnetIds: out of bounds; expected at least 1'],
    [
      { vpc: { ...jdbc.vpc, vpcId: 'main' } },
      'vpc.vpcId: not allowed here; got "main"; expected a text that matches vpc-[0-9a-z-]+',
    ],
    [{ endpoint: 'ftp://host' }, 'endpoint: not allowed here; expected an http or https URL'],
    [
      { connectorProfileProperties: { port: null } },
      'connectorProfileProperties.port: not allowed here; expected text, a number or a truth value',
    ],
  ])('refuses %j', (changes, message) => {
    expect(refusal(changes)).toContain(`ConnectionInvalid erp.json: ${message}`);
  });

  it.each([
    [
      { credentials: { password: 'hunter2' } },
      'credentials.password: not allowed here; expected a reference to an environment variable: ${env:NAME}; put the value into that variable, never into this file',
    ],
    [{ credentials: { password: '${hunter2}' } }, 'credentials.password: not allowed here'],
    [{ credentials: { password: '${env:A}hunter2' } }, 'credentials.password: not allowed here'],
    [{ credentials: { password: { value: 'hunter2' } } }, 'credentials.password: wrong type'],
    [{ credentials: 'hunter2' }, 'credentials: wrong type'],
    [{ credentials: ['hunter2'] }, 'credentials: wrong type'],
    [
      { connectorProfileProperties: { password: 'hunter2' } },
      'connectorProfileProperties.password: a secret does not belong here; move it to credentials, as ${env:NAME}',
    ],
    [
      { connectorProfileProperties: { apiKey: 'hunter2' } },
      'connectorProfileProperties.apiKey: a secret does not belong here',
    ],
    [
      { connectorProfileProperties: { url: 'postgres://erp:hunter2@db/erp' } },
      'connectorProfileProperties.url: a secret does not belong here',
    ],
    [
      { endpoint: 'https://erp:hunter2@db.internal/' },
      'endpoint: a secret does not belong here; leave user and password out',
    ],
    [{ password: 'hunter2' }, 'password: unknown member'],
  ])('refuses a literal secret and does not repeat it: %j', (changes, message) => {
    expect(refusal(changes)).toContain(`ConnectionInvalid erp.json: ${message}`);
    expect(refusal(changes)).not.toContain('hunter2');
  });

  it.each([
    ['{"credentials": {"password": hunter2}}', 'c.json', 'c.json:1:30: not valid JSON'],
    ['{"credentials": {"password": "hunter2",}}', 'c.json', 'c.json:1:40: not valid JSON'],
    ['password: "hunter2', 'c.yaml', 'c.yaml:1:19: not valid YAML'],
    ['hunter2', 'c.yaml', 'c.yaml: wrong type; expected an object'],
  ])('does not repeat a secret of a broken file: %s', (text, fileName, message) => {
    expect(() => readConnection(text, fileName)).toThrow(
      expect.objectContaining({ name: 'ConnectionInvalid', message }),
    );
  });

  it('does not take a name for a secret that only speaks of one', () => {
    expect(
      refusal({
        connectorProfileProperties: { tokenUrl: 'https://login.example.com/token', passwordPolicy: 'x' },
      }),
    ).toBe('accepted');
  });
});

describe('resolveEnv', () => {
  it('looks the values up', () => {
    expect(resolveEnv(jdbc.credentials, { ERP_USER: 'erp', ERP_PASSWORD: '' })).toEqual({
      username: 'erp',
      password: '',
    });
    expect(resolveEnv({}, {})).toEqual({});
  });

  it('names all variables that are not set', () => {
    expect(() => resolveEnv(jdbc.credentials, { OTHER: 'hunter2' })).toThrow(
      expect.objectContaining({
        name: 'InvalidCredentials',
        message:
          'environment variables that are not set: ERP_USER, ERP_PASSWORD; set what the connection file refers to',
      }),
    );
  });
});
