/**
 * List prices in USD, without free tiers and volume discounts, as they were looked up on this day: those of Step Functions
 * and Glue on AWS's own pages, the others in copies of its price list and in what third parties say of it. An estimate is good
 * to a few percent at best; the pages named here decide. The one place to renew them.
 *
 * - Step Functions, per state transition: https://aws.amazon.com/step-functions/pricing/
 * - Lambda on arm64, per GB-second (first tier) and per request: https://aws.amazon.com/lambda/pricing/
 * - S3 Standard, per request: https://aws.amazon.com/s3/pricing/
 * - DynamoDB on demand, per request unit: https://aws.amazon.com/dynamodb/pricing/on-demand/
 * - EventBridge, per custom event: https://aws.amazon.com/eventbridge/pricing/
 * - Glue Data Catalog, per request: https://aws.amazon.com/glue/pricing/
 * - KMS, per signature with an ECC key: https://aws.amazon.com/kms/pricing/
 * - AppFlow, per flow run and per GB processed: https://aws.amazon.com/appflow/pricing/
 */
export const pricesOf = '2026-11-24';

export interface ListPrices {
  readonly transition: number;
  readonly gigabyteSecond: number;
  readonly invocation: number;
  readonly s3Write: number;
  readonly s3Read: number;
  readonly stateWrite: number;
  readonly stateRead: number;
  readonly event: number;
  readonly glueCall: number;
  readonly signature: number;
  readonly appFlowRun: number;
  readonly appFlowGigabyte: number;
}

const million = 1_000_000;

/** The same in both Regions. */
const common = {
  transition: 0.025 / 1000,
  gigabyteSecond: 0.0000133334,
  invocation: 0.2 / million,
  event: 1 / million,
  glueCall: 1 / million,
  signature: 0.15 / 10_000,
  appFlowRun: 0.001,
  appFlowGigabyte: 0.02,
};

export const listPrices: Readonly<Record<string, ListPrices>> = {
  'us-east-1': {
    ...common,
    s3Write: 0.005 / 1000,
    s3Read: 0.0004 / 1000,
    stateWrite: 0.625 / million,
    stateRead: 0.125 / million,
  },
  'eu-central-1': {
    ...common,
    s3Write: 0.0054 / 1000,
    s3Read: 0.00043 / 1000,
    stateWrite: 0.7625 / million,
    stateRead: 0.1525 / million,
  },
};
