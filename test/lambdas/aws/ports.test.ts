import { expect, test } from 'vitest';
import { awsPorts } from '../../../lambdas/aws/ports.ts';

const environment = {
  AWS_REGION: 'eu-central-1',
  ACCOUNT_ID: '123456789012',
  CREATED_BY: 'arn:aws:cloudformation:eu-central-1:123456789012:stack/orders/1',
  STATE_BUCKET: 'state',
  STATE_TABLE: 'state',
  EVENT_SOURCE: 'tributary',
  FLOW_DEFINITION: 's3://assets/orders.json',
};
const invocation = { deadline: 0, logFields: {} };

test("the memory is the function's own", () => {
  const env = { ...environment, AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '1024' };
  expect(awsPorts(env)(invocation).memory).toBe(1024);
});
