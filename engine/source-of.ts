import type { LoadedConnector } from '../core/connector/loaded.ts';
import type { Source } from '../core/source.ts';
import { declaredSource } from './http/declared-source.ts';

/** A connector of the registry as the source that the engine reads. */
export function sourceOf(loaded: LoadedConnector): Source {
  return loaded.kind === 'coded' ? loaded.source : declaredSource(loaded.connector);
}
