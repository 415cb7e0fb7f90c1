import { expect, test } from 'vitest';
import { readRegistration } from '../../../core/custom-connector/registration.ts';
import { configurationOf } from '../../support/scripted-connector.ts';

const read = (members: object, configuration: object = {}) =>
  readRegistration(
    JSON.stringify({
      connectorLabel: 'AcmeCRM',
      ...members,
      connectorConfiguration: configurationOf(configuration),
    }),
    'custom-connectors/AcmeCRM.json',
  );
const local = { local: { command: ['python3', 'acme.py'] } };

test('a registration is read with what the connector said, without its nulls', () => {
  const lambda = { lambdaArn: 'arn:aws:lambda:eu-west-1:123456789012:function:acme:live' };
  const registration = read({
    connectorProvisioningType: 'LAMBDA',
    connectorProvisioningConfig: { lambda },
    ...local,
  });
  expect(registration.connectorProvisioningConfig?.lambda.lambdaArn).toBe(lambda.lambdaArn);
  expect(registration.local).toEqual({ command: ['python3', 'acme.py'] });
  expect(registration.connectorConfiguration.authenticationConfig.oAuth2Defaults).toBeUndefined();
  expect(JSON.parse(JSON.stringify(registration.connectorConfiguration.connectorRuntimeSetting))).toEqual([
    {
      key: 'instanceUrl',
      dataType: 'Url',
      required: true,
      label: 'Instance URL',
      scope: 'CONNECTOR_PROFILE',
    },
  ]);
});

test.each([
  ['acme', 'the name of a function'],
  ['arn:aws:lambda:eu-west-1:123456789012:layer:acme', 'a layer'],
  ['arn:aws:s3:::acme', 'a bucket'],
])('%s is refused: %s', (lambdaArn) => {
  expect(() => read({ connectorProvisioningConfig: { lambda: { lambdaArn } } })).toThrow(
    'connectorProvisioningConfig.lambda.lambdaArn',
  );
});

test('a command and a module at once, and members that are none, are refused', () => {
  expect(() => read({ local: { command: ['a'], module: 'b.mjs' } })).toThrow('local');
  expect(() => read({ lambdaArn: 'x' })).toThrow('lambdaArn');
});

test.each([
  [{ connectorName: 'AmazonCRM' }, "connectorName: 'AmazonCRM' begins with a name that AWS keeps to itself"],
  [{ connectorOwner: 'aws-labs' }, "connectorOwner: 'aws-labs' begins with"],
  [{ connectorModes: [] }, 'connectorModes: names none'],
  [{ supportedApiVersions: [] }, 'supportedApiVersions: names none'],
  [{ operatorsSupported: [] }, 'operatorsSupported: names none'],
  [{ supportedTriggerTypes: [] }, 'supportedTriggerTypes: names none'],
  [
    { authenticationConfig: { isOAuth2Supported: true } },
    'oAuth2Defaults goes with isOAuth2Supported, and only with it',
  ],
  [
    {
      authenticationConfig: {
        isCustomAuthSupported: false,
        customAuthConfig: [{ authenticationType: 'x', authParameters: [] }],
      },
    },
    'customAuthConfig goes with isCustomAuthSupported, and only with it',
  ],
  [
    {
      authenticationConfig: {
        isOAuth2Supported: true,
        oAuth2Defaults: { tokenURL: ['http://crm.example.org/token'], authURL: [] },
      },
    },
    'http://crm.example.org/token is not https',
  ],
  [{ supportedDataTransferTypes: ['FILE'] }, 'FILE alone cannot be run, RECORD is needed'],
])('%j is not registered', (configuration, problem) => {
  expect(() => read(local, configuration)).toThrow(problem);
});
