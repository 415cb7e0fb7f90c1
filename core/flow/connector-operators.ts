import {
  arithmeticOperators,
  filterOperators,
  maskOperators,
  type Operator,
  validationOperators,
} from '../operators.ts';

const onValues: readonly Operator[] = [
  ...arithmeticOperators,
  ...maskOperators,
  ...validationOperators,
  'NO_OP',
];
const withProjection: readonly Operator[] = ['PROJECTION', ...onValues];
const all: readonly Operator[] = [...withProjection, ...filterOperators];

/**
 * The operators that each key of `connectorOperator` offers: the enumerations of the API model
 * (https://docs.aws.amazon.com/appflow/1.0/APIReference/API_ConnectorOperator.html). Pure destinations have no key.
 */
export const connectorOperators: Readonly<Record<string, readonly Operator[]>> = {
  Amplitude: ['BETWEEN'],
  Datadog: [...withProjection, 'EQUAL_TO', 'BETWEEN'],
  Dynatrace: [...withProjection, 'EQUAL_TO', 'BETWEEN'],
  GoogleAnalytics: ['PROJECTION', 'BETWEEN'],
  InforNexus: [...withProjection, 'EQUAL_TO', 'BETWEEN'],
  Marketo: [...withProjection, 'LESS_THAN', 'GREATER_THAN', 'BETWEEN'],
  S3: all.filter((operator) => operator !== 'CONTAINS'),
  Salesforce: all,
  ServiceNow: all,
  Singular: [...withProjection, 'EQUAL_TO'],
  Slack: all.filter((operator) => operator !== 'CONTAINS' && operator !== 'NOT_EQUAL_TO'),
  Trendmicro: [...withProjection, 'EQUAL_TO'],
  Veeva: all,
  Zendesk: [...withProjection, 'GREATER_THAN'],
  SAPOData: all,
  CustomConnector: all,
  Pardot: [...withProjection, 'EQUAL_TO'],
};
