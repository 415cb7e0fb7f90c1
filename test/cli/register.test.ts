import path from 'node:path';
import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { describe, expect, test } from 'vitest';
import type { AwsBackend } from '../../cli/backend.ts';
import { secretsManagerSecrets } from '../../lambdas/aws/secrets.ts';
import { fakeClient } from '../support/fake-client.ts';
import { memoryStateStore } from '../support/memory-state-store.ts';
import { configurationOf, scriptedHost } from '../support/scripted-connector.ts';
import { command } from './command.ts';

const ok = { isSuccess: true, errorDetails: null };
const arn = 'arn:aws:lambda:eu-west-1:123456789012:function:acme';

function registering(...answers: readonly object[]) {
  const cli = command();
  const host = scriptedHost((_, index) => answers[index]);
  const asked: string[] = [];
  cli.shell = {
    openConnector: async (functionArn) => {
      asked.push(functionArn);
      return host;
    },
  };
  return { cli, host, asked };
}

test('a function is asked to describe itself; what it says is kept', async () => {
  const { cli, host, asked } = registering({ ...ok, ...configurationOf() });
  const { exitCode, out } = await cli.run('connectors', 'register', 'AcmeCRM', '--lambda', arn);
  expect(exitCode).toBe(0);
  expect(out).toMatch(/^connector +AcmeCRM 1.2$/m);
  expect(out).toMatch(/^settings +instanceUrl \(CONNECTOR_PROFILE\)$/m);
  expect(asked).toEqual([arn]);
  expect(host.requests).toEqual([
    { type: 'DescribeConnectorConfigurationRequest', locale: 'en-US', connectorLabel: 'AcmeCRM' },
  ]);
  expect(cli.read('custom-connectors/AcmeCRM.yaml')).toMatch(
    new RegExp(`^connectorLabel: AcmeCRM\nconnectorProvisioningType: LAMBDA\n[^]*lambdaArn: ${arn}\n`),
  );
  expect((await cli.run('connectors')).out).toMatch(/^AcmeCRM +apiKey +discovered$/m);
  expect((await cli.run('connectors', 'AcmeCRM')).out).toMatch(/^ {2}settings +instanceUrl: Instance URL$/m);
});

test('it is asked anew without saying everything again; comments stay', async () => {
  const { cli } = registering(
    { ...ok, ...configurationOf() },
    { ...ok, ...configurationOf({ connectorVersion: '1.3', supportedApiVersions: ['v1.0', 'v2.0'] }) },
  );
  await cli.run('connectors', 'register', 'AcmeCRM', '--lambda', arn, '--description', 'Ours');
  const file = 'custom-connectors/AcmeCRM.yaml';
  cli.write(file, `# Asked for by sales.\n${cli.read(file)}`);
  const { exitCode, out } = await cli.run('connectors', 'register', 'AcmeCRM');
  expect(exitCode).toBe(0);
  expect(out).toMatch(/^versions +v1.0, v2.0$/m);
  const text = cli.read(file);
  expect(text).toMatch(/^# Asked for by sales\.\n/);
  expect(text).toContain('description: Ours');
  expect(text).toContain('connectorVersion: "1.3"');
});

describe('a deployed connection is tested by the function, which reads what was stored', () => {
  const place = 'AWS account 123456789012, eu-central-1';

  async function edited(verdict: object) {
    const { cli, host, asked } = registering({ ...ok, ...configurationOf() }, ok, verdict);
    await cli.run('connectors', 'register', 'AcmeCRM', '--lambda', arn);
    cli.write(
      'connections/crm.yaml',
      'connectorProfileName: crm\nconnectorType: CustomConnector\nconnectorLabel: AcmeCRM\nconnectorProfileProperties: { instanceUrl: https://crm.example }\n',
    );
    const { client, calls } = fakeClient<SecretsManagerClient>({
      GetSecretValue: { SecretString: '{"apiKey":"old"}' },
      PutSecretValue: {},
    });
    cli.env.KEY = 'the-secret-key';
    cli.shell = {
      ...cli.shell,
      prompt: undefined,
      openSecrets: async () => secretsManagerSecrets(client),
      openAws: async () => ({ state: memoryStateStore(), place }) as unknown as AwsBackend,
    };
    const folder = path.join(cli.folder, 'connections');
    const changes = ['--set', 'instanceUrl=https://new.example', '--secret', 'apiKey=env:KEY'];
    const args = ['--aws', '--connections', folder, ...changes];
    const ran = await cli.run('connection', 'edit', 'crm', ...args);
    const stored = calls.filter(({ command }) => command === 'PutSecretValue').map(({ input }) => input);
    const file = cli.read('connections/crm.yaml');
    return { ran, asked, stored, file, types: host.requests.map(({ type }) => type) };
  }
  const put = (apiKey: string) => ({
    SecretId: 'tributary/crm-9261ceef',
    SecretString: JSON.stringify({ apiKey }),
  });

  test('and stays where that is accepted', async () => {
    const { ran, asked, stored, file, types } = await edited(ok);
    expect(file).toContain('https://new.example');
    expect(ran.out).toBe(`crm: works, apiKey; credentials in Secrets Manager, ${place}\n`);
    expect(asked).toEqual([arn, arn]);
    expect(types).toEqual([
      'DescribeConnectorConfigurationRequest',
      'ValidateConnectorRuntimeSettingsRequest',
      'ValidateCredentialsRequest',
    ]);
    expect(stored).toEqual([put('the-secret-key')]);
  });

  test('and has its former credentials again where it is refused', async () => {
    const { ran, stored, file } = await edited({
      isSuccess: false,
      errorDetails: { errorCode: 'InvalidCredentials', errorMessage: 'this key is revoked' },
    });
    expect(ran.exitCode).toBe(2);
    expect(ran.err).toContain('this key is revoked');
    expect(file).toContain('https://crm.example');
    expect(stored).toEqual([put('the-secret-key'), put('old')]);
  });
});

test.each([
  [['GitHub', '--lambda', arn], 'a connector of this version has that name'],
  [['AcmeCRM'], 'it is not said where the connector runs'],
  [['AcmeCRM', '--lambda', 'acme'], 'lambdaArn'],
  [['AcmeCRM', '--module', 'a.mjs', '--command', 'python3', 'a.py'], 'a command or a module'],
  [['AcmeCRM', '--lambda', arn, '--handler', 'main'], '--handler goes with --module'],
])('%j is refused before anybody is asked', async (args, message) => {
  const { cli, host } = registering();
  const { exitCode, err } = await cli.run('connectors', 'register', ...args);
  expect(exitCode).toBe(2);
  expect(err).toContain(message);
  expect(host.requests).toEqual([]);
  expect(cli.files('custom-connectors')).toEqual([]);
});

test('a description that AppFlow would not register is not kept', async () => {
  const { cli } = registering({ ...ok, ...configurationOf({ connectorOwner: 'Amazon' }) });
  const { exitCode, err } = await cli.run('connectors', 'register', 'AcmeCRM', '--lambda', arn);
  expect(exitCode).toBe(1);
  expect(err).toContain("it cannot be registered: connectorOwner: 'Amazon' begins with");
  expect(cli.files('custom-connectors')).toEqual([]);
});
