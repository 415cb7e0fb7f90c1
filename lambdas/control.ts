import { stepHandler } from './step-handler.ts';

/** The steps that do not talk to the source. */
export const handler = stepHandler([
  'StartRun',
  'FailSplit',
  'CommitOutput',
  'CatalogOutput',
  'EndRun',
  'FailRun',
]);
