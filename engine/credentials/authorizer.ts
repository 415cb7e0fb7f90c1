import type { Connector } from '../../core/connector/connector.ts';
import type { SourcePorts, SourceRequest } from '../../core/source.ts';
import { type Authorization, authorize } from '../http/authorize.ts';
import { grantOf, renewable, schemeOf } from './grant.ts';

export interface Authorizer {
  /** What the next request carries; a token that nears its end is renewed first. */
  current(): Promise<Authorization>;
  /** After a 401: other than what was refused, or `undefined` if there is nothing else to try. */
  renewed(refused: Authorization): Promise<Authorization | undefined>;
}

/** A connection's credentials as what requests carry. They are read once. */
export function authorizer(connector: Connector, request: SourceRequest, ports: SourcePorts): Authorizer {
  type Make = (rejected?: string) => Promise<Authorization>;
  let made: Promise<{ make: Make; renews: boolean }> | undefined;

  async function prepare(): Promise<{ make: Make; renews: boolean }> {
    const credentials = await ports.credentials();
    const scheme = schemeOf(connector, credentials);
    if (scheme.kind !== 'oauth2' || !renewable(scheme, credentials)) {
      const fixed = authorize(scheme, credentials);
      return { renews: false, make: async () => fixed };
    }
    const grant = grantOf(connector, scheme, request);
    return {
      renews: true,
      make: async (rejected) =>
        authorize(scheme, { ...credentials, accessToken: await ports.accessToken(grant, rejected) }),
    };
  }

  function prepared(): Promise<{ make: Make; renews: boolean }> {
    made ??= prepare();
    return made;
  }

  return {
    current: async () => (await prepared()).make(),
    async renewed(refused) {
      const { make, renews } = await prepared();
      return renews && refused.accessToken !== undefined ? make(refused.accessToken) : undefined;
    },
  };
}
