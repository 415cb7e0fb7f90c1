import type { Source } from '../source.ts';
import type { Connector } from './connector.ts';

/** What the registry answers: a declaration for the engine to interpret, or a source in code. */
export type LoadedConnector =
  | { readonly kind: 'declared'; readonly label: string; readonly connector: Connector }
  | { readonly kind: 'coded'; readonly label: string; readonly source: Source };

/** `undefined`: there is no connector of that name. */
export type LoadConnector = (name: string) => Promise<LoadedConnector | undefined>;
