import type { LoadedConnector } from '../core/connector/loaded.ts';
import type { RecordDestination } from '../core/destination.ts';
import { TributaryError } from '../core/errors.ts';

/**
 * A connector of the registry as the destination that the engine writes records to.
 *
 * @throws NotRunnable for one that only reads
 */
export async function destinationOf(loaded: LoadedConnector): Promise<RecordDestination> {
  if (loaded.kind === 'declared') {
    const { declaredDestination } = await import('./http/declared-destination.ts');
    return declaredDestination(loaded.connector);
  }
  if (loaded.destination) return loaded.destination;
  throw new TributaryError('NotRunnable', 'records cannot be written to this connector', {
    at: loaded.label,
  });
}
