import type { Connector } from '../../core/connector/connector.ts';
import type { SourcePorts, SourceRequest } from '../../core/source.ts';
import { type Authorization, authorize } from '../http/authorize.ts';
import { grantOf, renewable, schemeOf } from './grant.ts';

export interface Authorizer {
  /** What the next request carries; a token that nears its end is renewed first. */
  current(): Promise<Authorization>;
  /**
   * After a 401: sees to it that `current` is other than what was refused.
   *
   * @returns `undefined` if there is nothing else to try
   */
  renew(refused: Authorization): Promise<Renewal | undefined>;
}

/** `renewed`: a token that had been the newest; `replaced`: one in whose place another request has got one before. */
export type Renewal = 'renewed' | 'replaced';

/** A connection's credentials as what requests carry. They are read once. */
export function authorizer(connector: Connector, request: SourceRequest, ports: SourcePorts): Authorizer {
  let made: Promise<Authorizer> | undefined;

  async function make(): Promise<Authorizer> {
    const credentials = await ports.credentials();
    const scheme = schemeOf(connector, credentials);
    if (scheme.kind !== 'oauth2' || !renewable(scheme, credentials)) {
      const fixed = authorize(scheme, credentials);
      return { current: async () => fixed, renew: async () => undefined };
    }
    const grant = grantOf(connector, scheme, request);
    return {
      async current() {
        const { token } = await ports.accessToken(grant);
        return authorize(scheme, { ...credentials, accessToken: token });
      },
      async renew({ accessToken }) {
        const { token, isNew } = await ports.accessToken(grant, accessToken);
        if (token === accessToken) return undefined;
        return isNew ? 'renewed' : 'replaced';
      },
    };
  }

  function authorization(): Promise<Authorizer> {
    made ??= make();
    return made;
  }

  return {
    current: async () => (await authorization()).current(),
    renew: async (refused) => (await authorization()).renew(refused),
  };
}
