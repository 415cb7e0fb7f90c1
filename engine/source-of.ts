import type { LoadedConnector } from '../core/connector/loaded.ts';
import type { Source } from '../core/source.ts';

/** A connector of the registry as the source that the engine reads. What interprets declarations is loaded for those alone. */
export async function sourceOf(loaded: LoadedConnector): Promise<Source> {
  if (loaded.kind === 'coded') return loaded.source;
  const { declaredSource } = await import('./http/declared-source.ts');
  return declaredSource(loaded.connector);
}
