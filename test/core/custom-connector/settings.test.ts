import { expect, test } from 'vitest';
import { settingProblems } from '../../../core/custom-connector/settings.ts';
import { oauthConfiguration, registrationOf } from '../../support/scripted-connector.ts';

const setting = (key: string, members: object) => ({ key, scope: 'CONNECTOR_PROFILE', ...members });

test.each([
  [{ dataType: 'Integer' }, '12', []],
  [
    { dataType: 'Integer' },
    'twelve',
    ['connectorProfileProperties.x: got "twelve", expected a whole number'],
  ],
  [{ dataType: 'Boolean' }, 'yes', ['connectorProfileProperties.x: got "yes", expected true or false']],
  [{ dataType: 'Date' }, '2026-02-01', []],
  [{ dataType: 'Url' }, 'ftp://a', ['connectorProfileProperties.x: got "ftp://a", expected a URL']],
  [
    { connectorSuppliedValueOptions: ['EU', 'US'] },
    'UK',
    ['connectorProfileProperties.x: got "UK", expected EU or US'],
  ],
])('%j takes %s: %j', (members, value, problems) => {
  const registration = registrationOf({ connectorRuntimeSetting: [setting('x', members)] });
  expect(settingProblems(registration, { connection: { x: value } })).toEqual(problems);
});

test('what is missing and what is unknown is named, of the connection and of the flow', () => {
  const registration = registrationOf({
    connectorRuntimeSetting: [
      setting('instanceUrl', { required: true }),
      setting('fetchSize', { scope: 'SOURCE', required: true }),
      setting('language', { scope: 'SOURCE_AND_DESTINATION' }),
      setting('mode', { scope: 'DESTINATION', required: true }),
    ],
  });
  const connection = { instanceUrll: 'https://a' };
  expect(settingProblems(registration, { connection })).toEqual([
    "connectorProfileProperties.instanceUrll: the connector has no such setting; did you mean 'instanceUrl'?",
    'connectorProfileProperties.instanceUrl: missing',
  ]);
  expect(
    settingProblems(registration, {
      connection: { instanceUrl: 'https://a' },
      role: 'SOURCE',
      flow: { language: 'de', mode: 'fast' },
    }),
  ).toEqual([
    'customProperties.mode: the connector has no such setting; it has fetchSize, language',
    'customProperties.fetchSize: missing',
  ]);
});

test('what the addresses of OAuth 2 name is a setting of the connection', () => {
  const registration = registrationOf(oauthConfiguration);
  expect(settingProblems(registration, { connection: { Tenant: 'nordwind' } })).toEqual([]);
});
