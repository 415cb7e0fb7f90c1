import { stepHandler } from './step-handler.ts';

/** The steps that talk to the source. */
export const handler = stepHandler(['DescribeSource', 'TransferBatch']);
