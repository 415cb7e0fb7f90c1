import { afterEach, describe, expect, it } from 'vitest';
import { type FlowEvent, oauth2, type StateStore, TributaryError } from '#core';
import { accessTokens, readTokenState, type TokenPorts } from '../../../engine/credentials/access-token.ts';
import { decrypt, encrypt } from '../../../engine/credentials/envelope.ts';
import { type FakeClock, fakeClock } from '../../support/memory-home.ts';
import { memoryStateStore } from '../../support/memory-state-store.ts';
import { type OAuthOptions, type OAuthVendor, oauthVendor } from '../../support/oauth-server.ts';

const grant = oauth2({
  authorizeUrl: 'https://vendor.example/authorize',
  tokenUrl: 'https://vendor.example/token',
  scopes: ['read'],
  rotatesRefreshToken: true,
});
const minute = 60_000;

/** A process that ends at a call: whatever it would do after that never happens. */
class Killed extends Error {}

interface World {
  readonly clock: FakeClock;
  readonly vendor: OAuthVendor;
  readonly secret: Record<string, string>;
  readonly state: ReturnType<typeof memoryStateStore>;
  readonly events: FlowEvent[];
  readonly logged: string[];
  /** Tokens that somebody was given as new. */
  readonly news: string[];
  /** Errors that somebody saw. */
  readonly thrown: Error[];
  /** @param hook before and after every call of a port; what it throws ends this process */
  process(hook?: (call: string) => void | Promise<void>): Process;
}

/** The token alone. */
type Process = (...asked: Parameters<ReturnType<typeof accessTokens>>) => Promise<string>;

let world: World | undefined;

function newWorld(options: OAuthOptions = {}): World {
  const clock = fakeClock();
  const vendor = oauthVendor({ now: clock.now, rotates: true, ...options });
  const secret: Record<string, string> = {
    clientId: 'client-1',
    clientSecret: 'hush-hush-secret',
    refreshToken: vendor.consent(),
  };
  const state = memoryStateStore();
  const events: FlowEvent[] = [];
  const logged: string[] = [];
  const news: string[] = [];
  const thrown: Error[] = [];
  const key = Buffer.alloc(32, 7);
  const log = (message: string, fields?: object) => void logged.push(`${message} ${JSON.stringify(fields)}`);
  const ports: TokenPorts = {
    state,
    clock,
    http: vendor.http,
    secrets: {
      read: async () => ({ ...secret }),
      async update(name, change, expected) {
        if (Object.entries(expected).some(([member, value]) => secret[member] !== value))
          throw new TributaryError('StateConflict', 'the secret was changed', { at: name });
        Object.assign(secret, change);
      },
    },
    vault: {
      seal: async (text, about) => encrypt(key, text, about),
      open: async (sealed, about) => decrypt(key, sealed, about),
    },
    events: { emit: async (event) => void events.push(event) },
    log: { info: log, warn: log, error: log },
    home: { stateBucket: 's', accountId: '123456789012', region: 'eu-central-1', createdBy: '' },
  };
  world = {
    clock,
    vendor,
    secret,
    state,
    events,
    logged,
    news,
    thrown,
    process(hook = () => undefined) {
      const tokens = accessTokens(hooked(ports, hook), 'crm');
      return (given, rejected) =>
        tokens(given, rejected).then(
          ({ token, isNew }) => {
            if (isNew) news.push(token);
            return token;
          },
          (error: Error) => {
            thrown.push(error);
            throw error;
          },
        );
    },
  };
  return world;
}

/** `state.get before`, `http.send after` … */
function hooked(ports: TokenPorts, hook: (call: string) => void | Promise<void>): TokenPorts {
  let dead: Killed | undefined;
  const touch = async (call: string): Promise<void> => {
    if (dead) throw dead;
    try {
      await hook(call);
    } catch (error) {
      if (error instanceof Killed) dead = error;
      throw error;
    }
  };
  const wrapped = Object.entries(ports).map(([name, port]) => {
    if (name === 'home' || name === 'log') return [name, port];
    const methods = Object.entries(port as unknown as Record<string, (...args: unknown[]) => unknown>).map(
      ([method, call]) => [
        method,
        name === 'clock' && method === 'now'
          ? call
          : async (...args: unknown[]) => {
              await touch(`${name}.${method} before`);
              const answer = await call(...args);
              await touch(`${name}.${method} after`);
              return answer;
            },
      ],
    );
    return [name, Object.fromEntries(methods)];
  });
  return Object.fromEntries(wrapped) as TokenPorts;
}

const failureOf = (promise: Promise<unknown>): Promise<Error> =>
  promise.then(
    () => {
      throw new Error('it succeeded');
    },
    (error: Error) => error,
  );

afterEach(() => {
  if (!world) return;
  const { vendor, state, events, logged, thrown } = world;
  world = undefined;
  const told = thrown.map((error) => [String(error), error.cause, JSON.stringify(error)].join(' '));
  const shown = JSON.stringify([state.contents(), events, logged, told]);
  for (const secret of vendor.secrets) expect(shown).not.toContain(secret);
});

describe('an access token', () => {
  it('is got once and used until shortly before its end', async () => {
    const { vendor, clock, process } = newWorld();
    const token = await process()(grant);
    expect(await process()(grant)).toBe(token);
    expect(vendor.tokenRequests).toEqual([
      {
        grant_type: 'refresh_token',
        refresh_token: expect.stringMatching(/^refresh-/),
        client_id: 'client-1',
        client_secret: 'hush-hush-secret',
      },
    ]);
    clock.advance(54 * minute + 59_000);
    expect(await process()(grant)).toBe(token);
    clock.advance(1_000);
    expect(await process()(grant)).not.toBe(token);
    expect(vendor.tokenRequests).toHaveLength(2);
  });

  it('is not asked of the state again by the process that has it', async () => {
    const calls: string[] = [];
    const tokens = newWorld().process((call) => void calls.push(call));
    await tokens(grant);
    calls.length = 0;
    await tokens(grant);
    expect(calls).toEqual([]);
  });

  it('of a short life is renewed in the last fifth of it', async () => {
    const { vendor, clock, process } = newWorld({ expiresIn: 100 });
    await process()(grant);
    clock.advance(79_000);
    await process()(grant);
    expect(vendor.tokenRequests).toHaveLength(1);
    clock.advance(1_000);
    await process()(grant);
    expect(vendor.tokenRequests).toHaveLength(2);
  });

  it('lies in the state sealed, and only the refresh token in the secret', async () => {
    const { state, secret, vendor, process } = newWorld();
    const before = secret.refreshToken;
    await process()(grant);
    expect(state.contents()).toEqual({
      'CONNECTION#crm TOKEN': {
        of: expect.stringMatching(/^[\w-]{43}$/),
        sealed: expect.any(String),
        expiresAt: Date.parse('2026-02-03T11:15:00.000Z'),
        renewAt: Date.parse('2026-02-03T11:10:00.000Z'),
      },
    });
    expect(Object.keys(secret)).toEqual(['clientId', 'clientSecret', 'refreshToken']);
    expect(secret.refreshToken).not.toBe(before);
    expect(vendor.isGood(secret.refreshToken ?? '')).toBe(true);
  });

  it('leaves the secret alone if the refresh token stays', async () => {
    const calls: string[] = [];
    await newWorld({ rotates: false }).process((call) => void calls.push(call))(grant);
    expect(calls.filter((call) => call.startsWith('secrets.update'))).toEqual([]);
  });

  it('that the vendor refuses is renewed, once for all who hold it', async () => {
    const { vendor, process, news } = newWorld();
    const [one, two] = [process(), process()];
    const old = await one(grant);
    expect(await two(grant)).toBe(old);
    vendor.endTokens();
    const next = await one(grant, old);
    expect(next).not.toBe(old);
    expect(await two(grant, old)).toBe(next);
    expect(vendor.tokenRequests).toHaveLength(2);
    expect(news).toEqual([old, next]);
  });

  it('of other credentials is no good', async () => {
    const { vendor, secret, process } = newWorld();
    const old = await process()(grant);
    secret.refreshToken = vendor.consent();
    expect(await process()(grant)).not.toBe(old);
  });

  it('is used to its end while the vendor fails to renew it', async () => {
    const { vendor, clock, process, logged, news } = newWorld();
    const old = await process()(grant);
    clock.advance(56 * minute);
    vendor.instead.push({ status: 503, body: '' }, { status: 503, body: '' });
    const tokens = process();
    expect(await tokens(grant)).toBe(old);
    expect(news).toEqual([old]);
    expect(logged.at(-1)).toContain('could not be renewed');
    clock.advance(29_000);
    expect(await tokens(grant)).toBe(old);
    expect(vendor.instead).toHaveLength(1);
    clock.advance(4 * minute);
    expect(await failureOf(tokens(grant))).toMatchObject({ code: 'ServiceUnavailable' });
    expect(await tokens(grant)).not.toBe(old);
  });

  it('is got anew if the key that sealed it is gone', async () => {
    const { state, process, vendor } = newWorld();
    const old = await process()(grant);
    const item = await readTokenState(state as StateStore, 'crm');
    await state.write([
      {
        pk: 'CONNECTION#crm',
        sk: 'TOKEN',
        set: { ...item?.data, sealed: Buffer.alloc(64).toString('base64') },
      },
    ]);
    expect(await process()(grant)).not.toBe(old);
    expect(vendor.tokenRequests).toHaveLength(2);
  });
});

describe('renewal by several at once', () => {
  it('asks the vendor once; all get the new token', async () => {
    const { vendor, process } = newWorld();
    const tokens = await Promise.all(Array.from({ length: 20 }, () => process()(grant)));
    expect(new Set(tokens).size).toBe(1);
    expect(vendor.tokenRequests).toHaveLength(1);
  });

  it('leaves the old token in use while another renews it', async () => {
    const { vendor, clock, process } = newWorld();
    const old = await process()(grant);
    clock.advance(56 * minute);
    let other = '';
    await process(async (call) => {
      if (call === 'http.send before') other = await process()(grant);
    })(grant);
    expect(other).toBe(old);
    expect(vendor.tokenRequests).toHaveLength(2);
  });

  it('drops the answer of one that was away too long', async () => {
    const { vendor, clock, secret, process } = newWorld({ grace: true });
    let faster = '';
    const slower = process(async (call) => {
      if (call !== 'http.send after' || faster !== '') return;
      clock.advance(10 * minute);
      faster = await process()(grant);
    });
    expect(await slower(grant)).toBe(faster);
    expect(vendor.isGood(secret.refreshToken ?? '')).toBe(true);
    expect(vendor.tokenRequests).toHaveLength(2);
  });

  it('does not ask for consent because one was away too long', async () => {
    const { clock, process, events } = newWorld();
    let faster = '';
    const slower = process(async (call) => {
      if (call !== 'http.send before' || faster !== '') return;
      clock.advance(10 * minute);
      faster = await process()(grant);
    });
    expect(await slower(grant)).toBe(faster);
    expect(events).toEqual([]);
  });
});

describe('a process that dies', () => {
  /** The calls of one undisturbed renewal. */
  async function callsOfRenewal(): Promise<string[]> {
    const calls: string[] = [];
    await newWorld().process((call) => void calls.push(call))(grant);
    return calls;
  }

  it.each([
    [false, 'without grace'],
    [true, 'with grace'],
  ])('at any call: nothing is lost but between answer and store (grace: %s)', async (grace) => {
    const calls = await callsOfRenewal();
    expect(calls).toEqual(
      [
        ...['state.get', 'secrets.read', 'state.write', 'secrets.read', 'http.send'],
        ...['state.write', 'secrets.update', 'vault.seal', 'state.write'],
      ].flatMap((call) => [`${call} before`, `${call} after`]),
    );
    const sent = calls.indexOf('http.send after');
    const stored = calls.indexOf('secrets.update after');
    for (const [moment, name] of calls.entries()) {
      const { process, clock, events, vendor, secret } = newWorld({ grace });
      let count = 0;
      const killed = process(() => {
        if (count++ === moment) throw new Killed('killed');
      });
      expect(await failureOf(killed(grant))).toBeInstanceOf(Killed);
      const next = process();
      const isLost = moment >= sent && moment < stored && !grace;
      if (isLost) {
        expect(await failureOf(next(grant)), name).toMatchObject({ code: 'InvalidCredentials' });
        expect(events, name).toHaveLength(1);
        // The killed one's request, and one retry.
        expect(vendor.tokenRequests, name).toHaveLength(2);
      } else {
        expect(await next(grant), name).toMatch(/^access-/);
        expect(events, name).toEqual([]);
        expect(vendor.isGood(secret.refreshToken ?? ''), name).toBe(true);
      }
      expect(clock.now() - Date.parse('2026-02-03T10:15:00.000Z'), name).toBeLessThanOrEqual(91_000);
    }
  });

  it('while it reports leaves the event to the next', async () => {
    for (const moment of ['events.emit before', 'events.emit after']) {
      const { process, vendor, secret, events } = newWorld();
      vendor.revoke(secret.refreshToken ?? '');
      const killed = process((call) => {
        if (call === moment) throw new Killed('killed');
      });
      await failureOf(killed(grant));
      expect(await failureOf(process()(grant))).toMatchObject({ code: 'InvalidCredentials' });
      expect(await failureOf(process()(grant))).toMatchObject({ code: 'InvalidCredentials' });
      expect(new Set(events.map((event) => JSON.stringify(event))).size).toBe(1);
      expect(vendor.tokenRequests).toHaveLength(1);
    }
  });
});

describe('a refresh token that the vendor refuses', () => {
  async function refused(): Promise<World> {
    const made = newWorld();
    made.vendor.revoke(made.secret.refreshToken ?? '');
    await failureOf(made.process()(grant));
    return made;
  }

  it('is reported once, with what to do', async () => {
    const { process, events, thrown } = await refused();
    await failureOf(process()(grant));
    expect(events).toEqual([
      {
        detailType: 'Tributary Connection Needs Consent',
        resources: ['arn:aws:appflow:eu-central-1:123456789012:connectorprofile/crm'],
        detail: {
          'connector-profile-name': 'crm',
          since: '2026-02-03T10:15:00.000Z',
          reason:
            'vendor.example: the token endpoint says "invalid_grant: *** is expired or revoked" (status 400, code invalid_grant)',
          fix: 'consent anew with `tributary connection edit crm` (with --aws if it is deployed)',
        },
      },
    ]);
    expect(thrown[0]?.message).toBe(
      'connection crm: the connection needs consent: vendor.example: the token endpoint says "invalid_grant: *** is expired or revoked" (status 400, code invalid_grant); consent anew with `tributary connection edit crm` (with --aws if it is deployed)',
    );
  });

  it('is never sent again', async () => {
    const { process, vendor, clock } = await refused();
    for (let run = 0; run < 5; run++) {
      clock.advance(24 * 60 * minute);
      expect(await failureOf(process()(grant))).toMatchObject({ code: 'InvalidCredentials' });
    }
    expect(vendor.tokenRequests).toHaveLength(1);
  });

  it('is forgotten with new credentials, even if the vendor gives the same token again', async () => {
    const { process, vendor, secret } = await refused();
    const again = vendor.consent();
    Object.assign(secret, { refreshToken: again, consentedAt: '2026-02-03T10:20:00.000Z' });
    vendor.revoke(again);
    await failureOf(process()(grant));
    expect(vendor.tokenRequests).toHaveLength(2);
    Object.assign(secret, { consentedAt: '2026-02-03T10:30:00.000Z' });
    await failureOf(process()(grant));
    expect(vendor.tokenRequests).toHaveLength(3);
  });

  it('gives way to one that was put into the secret meanwhile', async () => {
    const { process, vendor, secret, events } = newWorld();
    vendor.revoke(secret.refreshToken ?? '');
    const tokens = process((call) => {
      if (call === 'http.send before' && vendor.tokenRequests.length === 0)
        secret.refreshToken = vendor.consent();
    });
    expect(await tokens(grant)).toMatch(/^access-/);
    expect(events).toEqual([]);
  });
});

describe('a write to the state whose answer is lost', () => {
  it('is known again, wherever it is', async () => {
    for (let lost = 1; lost <= 3; lost++) {
      const { process, vendor, secret, clock } = newWorld();
      let writes = 0;
      const tokens = process((call) => {
        if (call === 'state.write after' && ++writes === lost)
          throw new TributaryError('StateConflict', 'by the second try of the same write');
      });
      expect(await tokens(grant)).toMatch(/^access-/);
      expect(vendor.tokenRequests).toHaveLength(1);
      expect(vendor.isGood(secret.refreshToken ?? '')).toBe(true);
      expect(clock.now()).toBe(Date.parse('2026-02-03T10:15:00.000Z'));
    }
  });
});

describe('a lease', () => {
  it('is given back by who cannot read the secret, or is refused for a while', async () => {
    for (const failing of ['secrets.read before', 'http.send before']) {
      const { process, clock } = newWorld();
      let reads = 0;
      const tokens = process((call) => {
        if (call !== failing || (failing.startsWith('secrets') && ++reads === 1)) return;
        throw new TributaryError('StorageUnavailable', 'throttled');
      });
      expect(await failureOf(tokens(grant))).toMatchObject({ code: 'StorageUnavailable' });
      expect(await process()(grant)).toMatch(/^access-/);
      expect(clock.now()).toBe(Date.parse('2026-02-03T10:15:00.000Z'));
    }
  });
});

describe('a new refresh token', () => {
  it('is stored in spite of a store that fails for a while', async () => {
    const { process, vendor, secret, clock } = newWorld();
    let failures = 4;
    await process((call) => {
      if (call === 'secrets.update before' && failures-- > 0)
        throw new TributaryError('StorageUnavailable', 'throttled');
    })(grant);
    expect(vendor.isGood(secret.refreshToken ?? '')).toBe(true);
    expect(clock.now() - Date.parse('2026-02-03T10:15:00.000Z')).toBe(7_500);
  });
});
