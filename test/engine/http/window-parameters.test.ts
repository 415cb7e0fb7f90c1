import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { DateTimeFormat } from '#core';
import { isExact, parseMoment, readMoment, unitOf } from '../../../engine/http/moments.ts';
import { windowParameters } from '../../../engine/http/window-parameters.ts';

const start = Date.UTC(2024, 4, 1, 10, 0, 0, 250);
const end = Date.UTC(2024, 4, 2, 10, 0, 0, 250);

function textOf(...input: Parameters<typeof windowParameters>): Record<string, unknown> {
  return Object.fromEntries(windowParameters(...input).query);
}

describe('bounds that fall between two moments of the vendor', () => {
  test('move outwards where records may lie between, and the engine looks again', () => {
    const bounds = { from: 'since', to: 'until' };
    expect(textOf(bounds, 'iso8601', { start, end })).toEqual({
      since: '2024-05-01T10:00:00Z',
      until: '2024-05-02T10:00:01Z',
    });
    expect(windowParameters(bounds, 'iso8601', { start, end }).exact).toBe(false);
  });

  test('move to the next moment where no record lies between', () => {
    const bounds = { from: 'created[gte]', to: 'created[lt]' };
    expect(textOf(bounds, 'epochSeconds', { start, end })).toEqual({
      'created[gte]': '1714557601',
      'created[lt]': '1714644001',
    });
    expect(windowParameters(bounds, 'epochSeconds', { start, end }).exact).toBe(true);
  });
});

test('an operator that leaves out its bound gets one unit more', () => {
  const from = { param: 'since', operator: 'GREATER_THAN' } as const;
  const whole = Date.UTC(2024, 4, 1);
  expect(textOf({ from }, 'iso8601', { start: whole, end })).toEqual({ since: '2024-04-30T23:59:59Z' });
  const to = { param: 'until', operator: 'LESS_THAN_OR_EQUAL_TO' } as const;
  expect(textOf({ to }, 'epochMilliseconds', { end: 1000 })).toEqual({ until: '999' });
});

test('a window is exact only with both bounds, or with no beginning', () => {
  const exact = (...input: Parameters<typeof windowParameters>) => windowParameters(...input).exact;
  expect(exact({ from: 'a' }, 'epochSeconds', { start, end })).toBe(false);
  expect(exact({ to: 'b' }, 'epochSeconds', { start, end })).toBe(false);
  expect(exact({ to: 'b' }, 'epochSeconds', { end })).toBe(true);
  expect(exact({ from: 'a', to: 'b' }, 'iso8601Milliseconds', { start, end })).toBe(true);
});

test('what a vendor answers is never narrower than the window, and equal to it when declared exact', () => {
  const formats: DateTimeFormat[] = [
    'iso8601',
    'iso8601Seconds',
    'spaced',
    'iso8601Milliseconds',
    'epochSeconds',
    'epochMilliseconds',
    'utcSeconds',
  ];
  const from = fc.constantFrom('GREATER_THAN', 'GREATER_THAN_OR_EQUAL_TO');
  const to = fc.constantFrom('LESS_THAN', 'LESS_THAN_OR_EQUAL_TO');
  const near = fc.integer({ min: 1_714_557_600_000, max: 1_714_557_604_000 });
  fc.assert(
    fc.property(
      fc.constantFrom(...formats),
      from,
      to,
      near,
      near,
      near,
      (format, lower, upper, a, b, record) => {
        const window = { start: Math.min(a, b), end: Math.max(a, b) };
        const bounds = { from: { param: 'from', operator: lower }, to: { param: 'to', operator: upper } };
        const { query, exact } = windowParameters(
          bounds as Parameters<typeof windowParameters>[0],
          format,
          window,
        );
        const bound = (name: string) => {
          const text = String(query.get(name));
          const read = readMoment(format.startsWith('epoch') ? Number(text) : text, format);
          return parseMoment(String(read)) ?? Number.NaN;
        };
        const moment = isExact(format) ? record - (record % unitOf(format)) : record;
        const given =
          (lower === 'GREATER_THAN' ? moment > bound('from') : moment >= bound('from')) &&
          (upper === 'LESS_THAN' ? moment < bound('to') : moment <= bound('to'));
        const inside = moment >= window.start && moment < window.end;
        return exact ? given === inside : given || !inside;
      },
    ),
    { numRuns: 2000 },
  );
});
