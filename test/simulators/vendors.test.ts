/**
 * Every connector against a vendor whose records change while they are read: with each fault, and with its quota used up,
 * the last state of every record arrives, none twice. TRIBUTARY_SIMULATED_RECORDS says how many records there are at first,
 * TRIBUTARY_SIMULATED_SEED what becomes of them.
 */

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { SimulatedRecord } from '../../simulators/collection.ts';
import { type FaultKind, faultKinds } from '../../simulators/faults.ts';
import { vendors } from '../../simulators/registry.ts';
import type { Identified, SimulatedFlow, Vendor } from '../../simulators/vendor.ts';
import { flowOf, preferred, type SimulatedWorld, simulatedWorld } from './harness.ts';

const records = Number(process.env.TRIBUTARY_SIMULATED_RECORDS ?? 400);
const seed = Number(process.env.TRIBUTARY_SIMULATED_SEED ?? 1);
const hour = 3600 * 1000;
/** Milliseconds of a test: as many records as a vendor has take a while. */
const patience = 60_000 + records * 30;

describe.each(Object.entries(vendors))('%s', (name, vendor) => {
  let world: SimulatedWorld;
  beforeAll(async () => {
    world = await simulatedWorld(vendor, records, seed);
  });
  afterAll(async () => {
    await world.close();
  });

  // One flow of a vendor meets everything; of the others the pages are what differs.
  const troubles = (index: number) =>
    index === 0
      ? (['nothing', ...faultKinds, 'quota'] as const)
      : (['nothing', 'truncated', 'duplicate'] as const);
  const cases = vendor.flows.flatMap((plan, index) =>
    troubles(index)
      .filter((trouble) => trouble !== 'duplicate' || plan.onePage === undefined)
      .filter((trouble) => trouble !== 'quota' || vendor.rateLimits.length > 0)
      .map((trouble) => ({ plan, index, trouble, title: plan.title ?? plan.entityName })),
  );

  test.each(cases)(
    '$title arrives whole with trouble by $trouble',
    async ({ plan, index, title, trouble }) => {
      const { simulator, clock } = world;
      const flow = flowOf(
        `${name}-${title}-${trouble}`.replaceAll(/[^\w-]/g, '-'),
        plan,
        beginning(vendor, plan),
      );
      const kinds = faultKinds.filter((kind) => kind === trouble);
      const delivered: Identified[] = [];
      const ends = ending(vendor, trouble);

      /** As a schedule does, until a run succeeds. */
      const pull = async (): Promise<Identified[]> => {
        for (;;) {
          const result = await world.run(flow);
          clock.advance(hour);
          if (result.error === null) {
            const pulled = world.delivered(result, plan);
            expect(few(twice(pulled)), 'in one run').toEqual([]);
            return pulled;
          }
          expect([result.error.message, result.error.code]).toEqual([
            expect.any(String),
            ending(vendor, trouble),
          ]);
          expect(result.objects).toEqual([]);
        }
      };

      simulator.setChanges(3);
      simulator.inject({ kinds, ...(ends && { times: 2 }) });
      simulator.capQuotas(trouble === 'quota' ? (plan.quota ?? 3) : undefined);
      const before = survivors(world, plan);
      delivered.push(...(await pull()));
      if (plan.sees === 'all') expectWhole(before, survivors(world, plan), delivered);
      else {
        for (let change = 0; change < records / 8; change++) {
          simulator.collection(plan.collection).change(1);
          clock.advance(150);
        }
        delivered.push(...(await pull()));
      }
      const injected = [...simulator.injected().keys()];
      const quotas = simulator.quotas();

      simulator.setChanges(0);
      simulator.inject({ kinds: [] });
      simulator.capQuotas();
      if (plan.sees === 'all') delivered.length = 0;
      clock.advance((plan.settlesAfterSeconds ?? 0) * 1000);
      delivered.push(...(await pull()));
      expectLastState(world, plan, delivered);

      // Lists of a page each have no page before.
      if (trouble !== 'duplicate' || index === 0) expect(injected).toEqual(kinds);
      // Who was told how long to wait has waited.
      expect(quotas.early).toBe(0);
      if (trouble === 'quota') expect(quotas.usedUp).toBeGreaterThan(0);
    },
    patience,
  );

  // Whose full pulls are not what every run above is.
  const windowed = vendor.flows.filter(({ sees }) => sees !== 'all');
  test.each(windowed.map((plan) => ({ plan, title: plan.title ?? plan.entityName })))(
    '$title arrives whole in a full pull',
    async ({ plan, title }) => {
      const { simulator, clock } = world;
      const settled = (plan.settlesAfterSeconds ?? 0) * 1000;
      const before = survivors(world, plan);
      clock.advance(settled);
      simulator.setChanges(3);
      const named = `${name}-${title}-full`.replaceAll(/[^\w-]/g, '-');
      const tasks = [
        ...(plan.tasks ?? []),
        ...(plan.range ? [between(plan.range, vendor, plan, clock.now())] : []),
      ];
      const result = await world.run(flowOf(named, { ...plan, tasks, sees: 'all' }, ''));
      expect(result.error).toBe(null);
      const delivered = world.delivered(result, plan);
      expect(few(twice(delivered)), 'twice').toEqual([]);
      expectThere(before, survivors(world, plan, clock.now() - settled), delivered);
    },
    patience,
  );

  test.runIf(preferred(vendor).revoke)(
    'a consent that is taken back is asked for anew, once',
    async () => {
      const { simulator } = world;
      const [plan] = vendor.flows;
      const flow = flowOf(`${name}-revoked`, plan, beginning(vendor, plan));
      simulator.revoke();
      const start = simulator.log.length;
      const errors = [(await world.run(flow)).error, (await world.run(flow)).error];
      for (const error of errors) {
        expect([error?.code, error?.message]).toEqual([
          'InvalidCredentials',
          expect.stringContaining('the connection needs consent'),
        ]);
      }
      const tokens = Object.keys(preferred(vendor).routes ?? {}).filter((route) => route.startsWith('POST '));
      const asked = simulator.log
        .slice(start)
        .filter((line) => tokens.some((route) => line.startsWith(route)));
      expect(asked).toHaveLength(1);
    },
    patience,
  );

  test(
    'nothing secret is logged or lies about',
    () => {
      const secrets = Object.entries(preferred(vendor).credentials)
        .filter(([key]) => /key|secret|token|password/i.test(key))
        .map(([, value]) => value);
      expect(secrets).not.toEqual([]);
      for (const secret of [...secrets, 'simulated-access-token', 'simulated-refresh-token']) {
        expect(world.logged.join('\n')).not.toContain(secret);
        for (const { file, text } of world.contents()) expect(text.includes(secret), file).toBe(false);
      }
    },
    patience,
  );
});

/** Some time before the first record. */
function beginning({ collections }: Vendor, { collection }: SimulatedFlow): string {
  const days = (collections[collection]?.days ?? 20) * 1.4;
  return new Date(Date.parse('2026-03-02T08:00:00Z') - days * 24 * hour).toISOString();
}

/** A filter for the range of a request parameter, from {@link beginning} on. */
function between(parameter: string, vendor: Vendor, plan: SimulatedFlow, now: number): object {
  const [lower, upper] = [Date.parse(beginning(vendor, plan)), now].map((time) => String(Math.floor(time)));
  return {
    taskType: 'Filter',
    sourceFields: [parameter],
    connectorOperator: { CustomConnector: 'BETWEEN' },
    taskProperties: { DATA_TYPE: 'datetime', LOWER_BOUND: lower, UPPER_BOUND: upper },
  };
}

/** The code by which a run may end, if the trouble is none that a run can get over. */
function ending(vendor: Vendor, trouble: FaultKind | 'nothing' | 'quota'): string | undefined {
  if (trouble === 'duplicate') return 'ConnectorProtocol';
  if (trouble === 'expired' && !preferred(vendor).endTokens) return 'InvalidCredentials';
  return undefined;
}

/** Enough to see what is wrong. */
const few = <T>(all: readonly T[]): (T | string)[] =>
  all.length <= 5 ? [...all] : [...all.slice(0, 5), `and ${all.length - 5} more`];

const pair = ({ number, version }: Identified): string => `${number} in version ${version}`;

function twice(delivered: readonly Identified[], of: (one: Identified) => unknown = pair): unknown[] {
  const seen = new Set<unknown>();
  return delivered.map(of).filter((one) => seen.size === seen.add(one).size);
}

/** @param until epoch milliseconds after which nothing happened to them; default any */
function survivors(
  { simulator }: SimulatedWorld,
  { collection, has }: SimulatedFlow,
  until = Number.POSITIVE_INFINITY,
): Set<number> {
  const records = simulator.collection(collection).live();
  const wanted = records.filter((record) => record.touchedAt <= until && (has?.(record) ?? true));
  return new Set(wanted.map(({ number }) => number));
}

/** Who was there before and after a full pull is in it. */
function expectThere(before: Set<number>, after: Set<number>, delivered: readonly Identified[]): void {
  const pulled = new Set(delivered.map(({ number }) => number));
  const missing = [...before].filter((number) => after.has(number) && !pulled.has(number));
  expect(few(missing), 'missing').toEqual([]);
}

/** {@link expectThere}, once. */
function expectWhole(before: Set<number>, after: Set<number>, delivered: readonly Identified[]): void {
  expectThere(before, after, delivered);
  expect(few(twice(delivered, ({ number }) => number)), 'twice').toEqual([]);
}

function expectLastState(
  { simulator }: SimulatedWorld,
  plan: SimulatedFlow,
  delivered: readonly Identified[],
): void {
  const collection = simulator.collection(plan.collection);
  const unknown = delivered.filter(
    ({ number, version }) => !collection.versions(number).some((known) => known.version === version),
  );
  expect(few(unknown.map(pair)), 'never existed').toEqual([]);
  const isInserts = plan.sees === 'inserts';
  const identity = (one: Identified): string => (isInserts ? String(one.number) : pair(one));
  if (plan.repeats === undefined) expect(few(twice(delivered, identity)), 'twice').toEqual([]);
  const arrived = new Set(delivered.map(identity));
  const seen = new Set(delivered.map(({ number }) => number));
  const isTold = ({ number, isDeleted }: SimulatedRecord): boolean =>
    !isDeleted || plan.sees === 'deletions' || (plan.sees === 'later deletions' && seen.has(number));
  const wrong = delivered.filter(({ number, version, isDeletion }) => {
    const told = collection.versions(number).find((one) => one.version === version);
    return isDeletion !== undefined && isDeletion !== told?.isDeleted;
  });
  expect(few(wrong.map(pair)), 'deleted or not').toEqual([]);
  const expected = collection.all().filter((record) => isTold(record) && (plan.has?.(record) ?? true));
  expect(expected.length).toBeGreaterThan(10);
  expect(few(expected.filter((one) => !arrived.has(identity(one))).map(pair)), 'missing').toEqual([]);
}
