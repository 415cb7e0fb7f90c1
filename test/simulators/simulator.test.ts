import { describe, expect, onTestFinished, test } from 'vitest';
import { collection } from '../../simulators/collection.ts';
import { type FaultKind, faults } from '../../simulators/faults.ts';
import { seededRandom } from '../../simulators/random.ts';
import { limiter } from '../../simulators/rate-limit.ts';
import { type Simulator, startSimulator } from '../../simulators/simulator.ts';
import { stripe } from '../../simulators/vendors/stripe.ts';

const now = (): number => Date.parse('2026-03-02T08:00:00Z');

describe('a collection', () => {
  const made = (seed = 1) => collection({}, { records: 300, now, random: seededRandom(seed) });

  test('is the same for the same seed', () => {
    const [one, other] = [made(), made()];
    one.change(50);
    other.change(50);
    const shown = (all: ReturnType<typeof made>) => JSON.stringify(all.all());
    expect(shown(one)).toBe(shown(other));
    expect(shown(one)).not.toBe(shown(made(2)));
  });

  test('has many records of one moment, and knows what it was at any time', () => {
    const records = made();
    const stamps = records.live().map(({ createdAt }) => createdAt);
    const most = Math.max(...stamps.map((stamp) => stamps.filter((other) => other === stamp).length));
    expect(most).toBeGreaterThanOrEqual(25);
    const before = records.live();
    records.change(40);
    expect(records.live(now() - 1)).toEqual(before);
    expect(records.live()).not.toEqual(before);
    const changed = records.all().filter(({ updatedAt }) => updatedAt === now());
    expect(
      new Set(
        changed.map(({ isDeleted, version }) =>
          isDeleted ? 'deleted' : version === 1 ? 'created' : 'updated',
        ),
      ),
    ).toEqual(new Set(['created', 'updated', 'deleted']));
  });
});

test('a fault that makes no sense does not hold up the others', () => {
  const { next, injected } = faults({ kinds: ['duplicate', '429', 'drip'], seed: 1 });
  for (let request = 0; request < 60; request++) next((kind) => kind !== 'duplicate');
  expect([...injected.keys()]).toEqual(['429', 'drip']);
  expect(injected.get('drip')).toBeGreaterThan(3);
});

test('of several quotas that are used up the longest is told', () => {
  const limits = [
    { requests: 1, seconds: 3600 },
    { requests: 1, seconds: 1 },
  ];
  const { take } = limiter(limits, now);
  const asked = { method: 'GET' } as Parameters<typeof take>[0];
  take(asked);
  expect(take(asked).refused?.seconds).toBe(3600);
});

describe('a fault', () => {
  async function asked(kind: FaultKind): Promise<{ simulator: Simulator; answers: string[] }> {
    const simulator = await startSimulator(stripe, { records: 50, changes: 0, now });
    onTestFinished(() => simulator.close());
    simulator.inject({ kinds: [kind], every: 3 });
    const answers: string[] = [];
    let after = '';
    for (let request = 0; request < 12; request++) {
      try {
        const response = await fetch(`${simulator.endpoint}/v1/customers?limit=2${after}`, {
          headers: { authorization: 'Bearer sk_test_simulated_4f1c' },
        });
        const text = await response.text();
        const wait = response.headers.get('retry-after');
        const ids = text.match(/cus_\d+/g) ?? [];
        after = `&starting_after=${ids.at(-1) ?? ''}`;
        if (!response.ok || !isJson(text)) after = '';
        answers.push(
          `${response.status}${wait ? ` wait ${wait}` : ''}${isJson(text) ? '' : ' cut'} ${ids.map((id) => Number(id.slice(4)))}`.trim(),
        );
      } catch {
        answers.push('broken');
        after = '';
      }
    }
    return { simulator, answers };
  }

  const isJson = (text: string): boolean => {
    try {
      JSON.parse(text);
      return true;
    } catch {
      return false;
    }
  };

  test.each([
    ['429', /^429$/],
    ['429-retry-after', /^429 wait 2$/],
    ['500', /^500$/],
    ['503', /^503$/],
    ['truncated', /^(broken|200 cut.*)$/],
    ['reset', /^broken$/],
    ['expired', /^401$/],
  ] as const)('%s shows, from the third request on, and is counted', async (kind, shows) => {
    const { simulator, answers } = await asked(kind);
    expect(answers[0]).toMatch(/^200 \d+,\d+$/);
    expect(answers[2]).toMatch(shows);
    const faulty = answers.filter((answer) => shows.test(answer)).length;
    expect(faulty).toBe(simulator.injected().get(kind));
    expect(faulty).toBeGreaterThan(1);
    expect(answers.filter((answer) => /^200 \d+,\d+$/.test(answer))).toHaveLength(12 - faulty);
  });

  test('duplicate: the page before comes again', async () => {
    const { answers } = await asked('duplicate');
    expect(answers[2]).toBe(answers[1]);
    expect(answers[1]).not.toBe(answers[0]);
  });

  test('drip: the answer comes whole, slowly', async () => {
    const { simulator, answers } = await asked('drip');
    expect(simulator.injected().get('drip')).toBeGreaterThan(1);
    expect(answers.every((answer) => /^200 \d+,\d+$/.test(answer))).toBe(true);
  });
});

test('a quota is refused beyond its number, until its time is over', () => {
  let time = now();
  const limits = limiter([{ requests: 2, seconds: 60 }], () => time);
  const take = () => limits.take({} as never).refused?.seconds;
  expect([take(), take(), take()]).toEqual([undefined, undefined, 60]);
  time += 20_500;
  expect(take()).toBe(40);
  time += 40_000;
  expect(take()).toBeUndefined();
});
