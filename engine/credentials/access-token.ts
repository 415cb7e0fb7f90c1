/**
 * Access tokens of a connection, shared by all its runs. One process at a time renews: it holds a lease on the state item,
 * and the item's revision fences whoever was too slow. What lasts is in the secret, what expires is sealed in the item.
 */

import { createHash, randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { OAuth2Scheme } from '../../core/connector/auth.ts';
import { messageOf, TributaryError } from '../../core/errors.ts';
import type { StateItem, StateStore, StateWrite } from '../../core/ports.ts';
import type { AccessToken } from '../../core/source.ts';
import type { EnginePorts } from '../ports.ts';
import {
  type Credentials,
  needsConsent,
  renewalParameters,
  requestToken,
  type TokenAnswer,
  tokenTimeout,
} from './token-request.ts';

export type TokenPorts = Pick<
  EnginePorts,
  'state' | 'secrets' | 'vault' | 'events' | 'http' | 'clock' | 'log' | 'home'
>;

/** A connection's item of the state. */
export interface TokenState {
  /** What the token was got with: a hash of grant and credentials. With others it is no good. */
  readonly of: string;
  /** By the vault. */
  readonly sealed?: string;
  /** Epoch milliseconds; absent where nobody knows. */
  readonly expiresAt?: number;
  readonly renewAt?: number;
  /** Somebody renews the token. */
  readonly lease?: {
    /** Epoch milliseconds. */
    readonly until: number;
    /** Tells the writes of two holders apart. */
    readonly holder: string;
  };
  readonly needsConsent?: {
    /** Epoch milliseconds. */
    readonly since: number;
    /** What the vendor said. */
    readonly reason: string;
    /** Whether the event is out. */
    readonly reported: boolean;
  };
}

/** Seconds before its end that a token is renewed; of short-lived ones a fifth of their life. */
const longestSkew = 300;
/** Milliseconds. Outlives a request, a second one with a changed secret, and the tries to store a refresh token. */
const leaseTime = 2 * tokenTimeout + 50_000;
/** Milliseconds between two looks of who waits for another's renewal. */
const look = 250;
/** Milliseconds to wait before another try to store a refresh token that exists nowhere else. */
const storeAgain = [500, 1_000, 2_000, 4_000];
/** Milliseconds that a token which could not be renewed in time is used before the next try. */
const renewAgain = 30_000;

/** Key of a connection's item. */
export function tokenItem(connectorProfileName: string): { pk: string; sk: string } {
  return { pk: `CONNECTION#${connectorProfileName}`, sk: 'TOKEN' };
}

export function readTokenState(
  state: Pick<StateStore, 'get'>,
  connectorProfileName: string,
): Promise<StateItem<TokenState> | undefined> {
  const { pk, sk } = tokenItem(connectorProfileName);
  return state.get<TokenState>(pk, sk);
}

interface Held {
  readonly token: string;
  readonly renewAt: number;
}

/**
 * A connection's access tokens; see `SourcePorts.accessToken`. What was got last is kept for as long as it serves.
 *
 * @throws InvalidCredentials at once, without a request, if the connection needs consent
 */
export function accessTokens(
  ports: TokenPorts,
  connectorProfileName: string,
): (grant: OAuth2Scheme, rejected?: string) => Promise<AccessToken> {
  let held: Held | undefined;
  return async (grant, rejected) => {
    if (held && held.token !== rejected && held.renewAt > ports.clock.now())
      return { token: held.token, isNew: false };
    const { isNew, ...current } = await currentToken(ports, connectorProfileName, grant, rejected);
    held = current;
    return { token: current.token, isNew };
  };
}

async function currentToken(
  ports: TokenPorts,
  name: string,
  grant: OAuth2Scheme,
  rejected: string | undefined,
): Promise<Held & AccessToken> {
  const { state, secrets, clock } = ports;
  // As long as two who die with the lease in their hands take.
  const patience = clock.now() + 2 * leaseTime;
  while (true) {
    const item = await readTokenState(state, name);
    const of = fingerprint(grant, await secrets.read(name));
    const data = item?.data.of === of ? item.data : undefined;
    if (item && data?.needsConsent) {
      await report(ports, name, item);
      throw consentError(name, data.needsConsent.reason);
    }
    const held = await heldToken(ports, name, data, rejected);
    if (held && held.renewAt > clock.now()) return { ...held, isNew: false };
    if ((item?.data.lease?.until ?? 0) > clock.now()) {
      // While another renews it, the old token still serves.
      if (held) return { ...held, isNew: false };
      if (clock.now() > patience) {
        throw new TributaryError('StateConflict', 'other processes keep renewing the access token', {
          at: `connection ${name}`,
        });
      }
      await clock.sleep(look);
      continue;
    }
    const renewed = await renew(ports, name, grant, item, held);
    if (renewed) return { ...renewed, isNew: renewed.token !== held?.token };
  }
}

/** The stored token, if it may still be used. */
async function heldToken(
  { vault, clock }: TokenPorts,
  name: string,
  data: TokenState | undefined,
  rejected: string | undefined,
): Promise<Held | undefined> {
  if (data?.sealed === undefined || (data.expiresAt ?? Number.POSITIVE_INFINITY) <= clock.now())
    return undefined;
  const token = await vault.open(data.sealed, name);
  if (token === undefined || token === rejected) return undefined;
  return { token, renewAt: data.renewAt ?? Number.POSITIVE_INFINITY };
}

/** `undefined`: another process was faster; its token is in the state, or will be. */
async function renew(
  ports: TokenPorts,
  name: string,
  grant: OAuth2Scheme,
  item: StateItem<TokenState> | undefined,
  held: Held | undefined,
): Promise<Held | undefined> {
  const { state, secrets, vault, clock, log } = ports;
  const { lease: interrupted, ...kept }: TokenState = item?.data ?? { of: '' };
  const holder = randomUUID();
  let revision = item?.revision ?? 0;
  /** `false`: the lease is lost. */
  const put = async (data: TokenState): Promise<boolean> => {
    if (!(await wrote(state, name, data, revision === 0 ? 'absent' : revision))) {
      // A write whose answer was lost on its way is tried again, and then conflicts with itself.
      const found = await readTokenState(state, name);
      if (!isDeepStrictEqual(found?.data, data)) return false;
    }
    revision++;
    return true;
  };
  const hold = (): Promise<boolean> => put({ ...kept, lease: { until: clock.now() + leaseTime, holder } });

  if (!(await hold())) return undefined;
  if (interrupted !== undefined)
    log.warn('a renewal of the access token was cut short; its refresh token is tried once more', {
      connectorProfileName: name,
    });
  let credentials: Credentials = {};
  try {
    // Under the lease: what was read before may be replaced by now.
    credentials = await secrets.read(name);
    const asked = clock.now();
    const ask = (): Promise<TokenAnswer> =>
      requestToken(grant, renewalParameters(grant, credentials, asked), credentials, ports);
    let answer: TokenAnswer;
    try {
      answer = await ask();
    } catch (error) {
      if (!needsConsent(grant, error)) throw error;
      // Somebody may have consented anew meanwhile.
      const again = await secrets.read(name);
      if (again.refreshToken === credentials.refreshToken) throw error;
      if (!(await hold())) return undefined;
      credentials = again;
      answer = await ask();
    }
    const { refreshToken } = answer;
    const { refreshToken: used } = credentials;
    if (refreshToken !== undefined && used !== undefined && refreshToken !== used) {
      if (!(await keepRefreshToken(ports, name, refreshToken, used, hold))) return undefined;
      credentials = { ...credentials, refreshToken };
    }
    const lifetime = answer.expiresInSeconds;
    const times = lifetime !== undefined && {
      expiresAt: asked + lifetime * 1000,
      renewAt: asked + (lifetime - Math.min(longestSkew, lifetime / 5)) * 1000,
    };
    const sealed = await vault.seal(answer.accessToken, name);
    if (!(await put({ of: fingerprint(grant, credentials), sealed, ...times }))) return undefined;
    log.info('access token renewed', { connectorProfileName: name, expiresInSeconds: lifetime });
    return { token: answer.accessToken, renewAt: times ? times.renewAt : Number.POSITIVE_INFINITY };
  } catch (error) {
    if (needsConsent(grant, error)) {
      const reason = error.message;
      const data: TokenState = {
        of: fingerprint(grant, credentials),
        needsConsent: { since: clock.now(), reason, reported: false },
      };
      if (!(await put(data))) return undefined;
      await report(ports, name, { ...tokenItem(name), revision, data });
      throw consentError(name, reason);
    }
    // A lease that cannot be given back ends by itself; what failed before says more.
    const isOurs = await put(kept).catch(() => true);
    if (!isOurs) return undefined;
    if (!held || !(error instanceof TributaryError)) throw error;
    log.warn('the access token could not be renewed; the old one is used to its end', {
      connectorProfileName: name,
      error: error.message,
    });
    return { token: held.token, renewAt: clock.now() + renewAgain };
  }
}

/**
 * A refresh token that replaces the one used is stored before anything else: no other may be good any more.
 *
 * @param hold renews the lease: who has lost it must not replace what its new holder stores
 * @returns `false` if the lease is lost
 * @throws StateConflict if somebody else has changed the secret
 */
async function keepRefreshToken(
  { secrets, clock }: TokenPorts,
  name: string,
  refreshToken: string,
  used: string,
  hold: () => Promise<boolean>,
): Promise<boolean> {
  for (let attempt = 0; ; attempt++) {
    try {
      if (!(await hold())) return false;
      await secrets.update(name, { refreshToken }, { refreshToken: used });
      return true;
    } catch (error) {
      const wait = storeAgain[attempt];
      if (!(error instanceof TributaryError) || error.code !== 'StorageUnavailable' || wait === undefined)
        throw error;
      await clock.sleep(wait);
    }
  }
}

/** `false`: the item is not as it was expected. */
async function wrote(
  state: StateStore,
  name: string,
  set: TokenState,
  expect: NonNullable<StateWrite['expect']>,
): Promise<boolean> {
  try {
    await state.write([{ ...tokenItem(name), expect, set }]);
    return true;
  } catch (error) {
    if (error instanceof TributaryError && error.code === 'StateConflict') return false;
    throw error;
  }
}

/** What a token depends on, without showing it. */
function fingerprint({ grant, tokenUrl, scopes }: OAuth2Scheme, credentials: Credentials): string {
  // When consent was given tells two consents apart that gave the same refresh token.
  const { clientId, clientSecret, username, privateKey, refreshToken, consentedAt } = credentials;
  const parts = [
    grant,
    tokenUrl,
    scopes,
    clientId,
    clientSecret,
    username,
    privateKey,
    refreshToken,
    consentedAt,
  ];
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64url');
}

/** Once, or again if a process dies between the event and the note that it is out. What fails is left to the next run. */
async function report(ports: TokenPorts, name: string, item: StateItem<TokenState>): Promise<void> {
  const { needsConsent: found } = item.data;
  if (!found || found.reported) return;
  try {
    await ports.events.emit({
      detailType: 'Tributary Connection Needs Consent',
      resources: [`arn:aws:appflow:${ports.home.region}:${ports.home.accountId}:connectorprofile/${name}`],
      detail: {
        'connector-profile-name': name,
        since: new Date(found.since).toISOString(),
        reason: found.reason,
        fix: consentFix(name),
      },
    });
    await wrote(
      ports.state,
      name,
      { ...item.data, needsConsent: { ...found, reported: true } },
      item.revision,
    );
  } catch (error) {
    ports.log.warn('the event on the missing consent is not out yet', {
      connectorProfileName: name,
      error: messageOf(error),
    });
  }
}

function consentError(name: string, reason: string): TributaryError {
  return new TributaryError('InvalidCredentials', `the connection needs consent: ${reason}`, {
    at: `connection ${name}`,
    fix: consentFix(name),
  });
}

/** Of both homes: the command is told --aws for a deployed connection. */
function consentFix(name: string): string {
  return `consent anew with \`tributary connection edit ${name}\` (with --aws if it is deployed)`;
}
