import { stepHandler } from './step-handler.ts';

/** The steps that talk to the source, or to the application that records go to. */
export const handler = stepHandler(['DescribeSource', 'TransferBatch', 'LoadDestination']);
