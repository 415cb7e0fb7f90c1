import { stepHandler } from './step-handler.ts';

/** The steps that talk to AWS alone. */
export const handler = stepHandler([
  'StartRun',
  'FailSplit',
  'CommitOutput',
  'CatalogOutput',
  'EndRun',
  'FailRun',
]);
