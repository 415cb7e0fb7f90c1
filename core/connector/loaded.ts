import type { RecordDestination } from '../destination.ts';
import type { ConnectionRequest, Source } from '../source.ts';
import type { ConnectionScheme, OAuth2Scheme } from './auth.ts';
import type { Connector, Setting } from './connector.ts';

/** What the registry answers: a declaration for the engine to interpret, or a source in code. */
export type LoadedConnector =
  | { readonly kind: 'declared'; readonly label: string; readonly connector: Connector }
  | {
      readonly kind: 'coded';
      readonly label: string;
      readonly source: Source;
      /** Absent: it only reads. */
      readonly destination?: RecordDestination;
      /** Absent: it needs none. */
      readonly connection?: CodedConnection;
    };

/** What a connection of a source in code is asked for. */
export interface CodedConnection {
  readonly settings: Readonly<Record<string, Setting>>;
  /** Names of the settings that every connection needs. */
  readonly required: readonly string[];
  readonly auth: readonly ConnectionScheme[];
  /**
   * With a scheme of OAuth 2: its addresses for this connection.
   *
   * @throws ConnectionInvalid if a setting is missing, or leads to a host that is not the vendor's
   */
  readonly grantOf?: <S extends OAuth2Scheme>(scheme: S, request: ConnectionRequest) => S;
}

/** `undefined`: there is no connector of that name. */
export type LoadConnector = (name: string) => Promise<LoadedConnector | undefined>;
