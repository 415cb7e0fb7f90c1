import type { Source } from '../source.ts';
import type { AuthScheme } from './auth.ts';
import type { Connector, Setting } from './connector.ts';

/** What the registry answers: a declaration for the engine to interpret, or a source in code. */
export type LoadedConnector =
  | { readonly kind: 'declared'; readonly label: string; readonly connector: Connector }
  | {
      readonly kind: 'coded';
      readonly label: string;
      readonly source: Source;
      /** Absent: it needs none. */
      readonly connection?: CodedConnection;
    };

/** What a connection of a source in code is asked for. */
export interface CodedConnection {
  readonly settings: Readonly<Record<string, Setting>>;
  /** Names of the settings that every connection needs. */
  readonly required: readonly string[];
  readonly auth: readonly [AuthScheme, ...AuthScheme[]];
}

/** `undefined`: there is no connector of that name. */
export type LoadConnector = (name: string) => Promise<LoadedConnector | undefined>;
