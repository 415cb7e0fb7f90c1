import { loadConnector } from '../connectors/registry.ts';
import { destinationName } from '../core/flow/describe.ts';
import { recordDestination } from '../core/flow/record-destination.ts';
import { isAfterTransfer } from '../engine/run/explain.ts';
import type { RunDefinition } from '../engine/run/run-definition.ts';
import type { BundleIndex } from './bundle-index.ts';
import { connectorNames } from './connector-names.ts';

/** @returns why `tributary reproduce` cannot meet a bundle's failure again, a clause; undefined if it can */
export async function whyNotRepeatable(
  definition: RunDefinition,
  { code, step, parameters }: Pick<BundleIndex, 'code' | 'step' | 'parameters'>,
): Promise<string | undefined> {
  if (parameters.replayOf !== undefined)
    return `it is of a replay, and the quarantine of run ${parameters.replayOf} is not in the bundle`;
  for (const name of Object.values(connectorNames(definition))) {
    if (name === undefined) continue;
    const loaded = await loadConnector(name);
    // That there is no such connector may be the failure itself.
    if (!loaded && code !== 'NotRunnable')
      return `${name} is a custom connector, and its code is not in the bundle`;
    if (loaded?.kind === 'coded' && loaded.connection)
      return `${loaded.label} connects by itself, and no kept answer can stand in for what it is told`;
  }
  const { flow } = definition;
  if (recordDestination(flow) && isAfterTransfer(step) && flow.sourceFlowConfig.connectorType !== 'S3')
    return `the records that ${destinationName(flow)} was given are not in the bundle`;
  return undefined;
}
