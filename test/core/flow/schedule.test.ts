import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  lastDueAt,
  parseSchedule,
  periodSeconds,
  scheduleAllows,
  schedulerExpression,
} from '../../../core/flow/schedule.ts';

/** 2026-03-05T14:30:20Z, a Thursday. */
const start = 1_772_721_020;

const translated = (scheduleExpression: string, scheduleStartTime?: number) =>
  schedulerExpression({ scheduleExpression, scheduleStartTime });

describe('schedulerExpression', () => {
  it.each([
    ['rate(5minutes)', 'rate(5 minutes)'],
    ['rate(1minutes)', 'rate(1 minute)'],
    ['rate( 1 hour )', 'rate(1 hour)'],
    ['RATE(2Hours)', 'rate(2 hours)'],
    ['rate(1days)', 'rate(1 day)'],
    ['rate(1weeks)', 'rate(7 days)'],
    ['rate(3 weeks)', 'rate(21 days)'],
    ['cron(0 4 * * ? *)', 'cron(0 4 * * ? *)'],
    [' Cron( 0/15  8-17 ? jan,jul mon-fri 2026-2030 ) ', 'cron(0/15 8-17 ? JAN,JUL MON-FRI 2026-2030)'],
    ['cron(0 18 L * ? *)', 'cron(0 18 L * ? *)'],
    ['cron(0 18 15W * ? *)', 'cron(0 18 15W * ? *)'],
    ['cron(0 18 ? * 6L *)', 'cron(0 18 ? * 6L *)'],
    ['cron(0 18 ? * 2#1 *)', 'cron(0 18 ? * 2#1 *)'],
    ['cron(1/10 * * * ? *)', 'cron(1/10 * * * ? *)'],
  ])('%s becomes %s', (expression, expected) => {
    expect(translated(expression)).toBe(expected);
  });

  it.each([
    ['rate(1minutes)', 'cron(* * * * ? *)'],
    ['rate(5minutes)', 'cron(1/5 * * * ? *)'],
    ['rate(60minutes)', 'cron(31 * * * ? *)'],
    ['rate(1hours)', 'cron(31 * * * ? *)'],
    ['rate(6hours)', 'cron(31 2/6 * * ? *)'],
    ['rate(24hours)', 'cron(31 14 * * ? *)'],
    ['rate(1days)', 'cron(31 14 * * ? *)'],
    ['rate(1weeks)', 'cron(31 14 ? * THU *)'],
    ['rate(7days)', 'cron(31 14 ? * THU *)'],
    ['rate(90minutes)', 'rate(90 minutes)'],
    ['rate(5hours)', 'rate(5 hours)'],
    ['rate(2weeks)', 'rate(14 days)'],
  ])('%s counted from a Thursday, 14:30:20, becomes %s', (expression, expected) => {
    expect(translated(expression, start)).toBe(expected);
  });

  it.each([
    ['rate(1months)', 'cron(31 14 5 * ? *)'],
    ['rate(2months)', 'cron(31 14 5 1/2 ? *)'],
    ['rate(3months)', 'cron(31 14 5 3/3 ? *)'],
    ['rate(6months)', 'cron(31 14 5 3/6 ? *)'],
    ['rate(12months)', 'cron(31 14 5 3 ? *)'],
    ['rate(24months)', 'cron(31 14 5 3 ? 2026/2)'],
  ])('%s from 5 March becomes %s', (expression, expected) => {
    expect(translated(expression, start)).toBe(expected);
  });

  it.each([
    [
      'rate(1months)',
      undefined,
      'rate(1months) needs a day to count from; set scheduleStartTime, or write a cron expression',
    ],
    [
      'rate(1months)',
      Date.UTC(2026, 0, 29) / 1000,
      'begins on day 29, which not every month has; start on day 1 to 28',
    ],
    ['rate(5months)', start, 'falls on other months each year; use 1, 2, 3, 4, 6 or a multiple of 12 months'],
  ])('refuses %s from %s', (expression, from, message) => {
    expect(() => translated(expression, from)).toThrow(expect.objectContaining({ name: 'NotRunnable' }));
    expect(() => translated(expression, from)).toThrow(message);
  });
});

describe('parseSchedule', () => {
  it.each([
    ['rate(0minutes)', 'expected a number from 1 to 100000'],
    ['rate(100001minutes)', 'expected a number from 1 to 100000'],
    ['rate(-1minutes)', 'expected rate(5minutes)'],
    ['rate(1.5hours)', 'expected rate(5minutes)'],
    ['rate(5seconds)', 'expected rate(5minutes)'],
    ['rate(5 minutes) x', 'expected rate(5minutes)'],
    ['at(2026-01-01T00:00:00)', 'expected rate(5minutes)'],
    ['', 'expected rate(5minutes)'],
    ['cron(0 4 * * ?)', 'expected six fields: minutes hours day-of-month month day-of-week year, got 5'],
    ['cron()', 'expected six fields: minutes hours day-of-month month day-of-week year, got 0'],
    ['cron(60 4 * * ? *)', "expected minutes of 0-59 with , - * /, got '60'"],
    ['cron(0 24 * * ? *)', "expected hours of 0-23 with , - * /, got '24'"],
    ['cron(0 4 0 * ? *)', "expected day-of-month of 1-31 with , - * ? / L W, got '0'"],
    ['cron(0 4 * 13 ? *)', "expected month of 1-12 or JAN-DEC with , - * /, got '13'"],
    ['cron(0 4 ? * 0 *)', "expected day-of-week of 1-7 or SUN-SAT with , - * ? L #, got '0'"],
    ['cron(0 4 ? * 2/2 *)', "got '2/2'"],
    ['cron(0 4 ? * MON#6 *)', "got 'MON#6'"],
    ['cron(0 4 * * ? 1969)', "expected year of 1970-2199 with , - * /, got '1969'"],
    ['cron(*/0 4 * * ? *)', "got '*/0'"],
    ['cron(30-10 4 * * ? *)', "got '30-10'"],
    ['cron(1,,2 4 * * ? *)', "got '1,,2'"],
    ['cron(0 4 * * * *)', "expected '?' in day-of-month or in day-of-week, and not in both"],
    ['cron(0 4 ? * ? *)', "expected '?' in day-of-month or in day-of-week, and not in both"],
  ])('refuses %j', (expression, message) => {
    expect(() => parseSchedule(expression)).toThrow(expect.objectContaining({ name: 'FlowInvalid' }));
    expect(() => parseSchedule(expression)).toThrow(message);
  });

  it('reads every rate, however it is spaced and spelled', () => {
    const units = fc.constantFrom('minute', 'hour', 'day', 'week', 'month');
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 100_000 }),
        units,
        fc.constantFrom('', ' '),
        fc.constantFrom('', 's'),
        (value, unit, gap, s) => {
          expect(parseSchedule(`rate(${gap}${value}${gap}${unit.toUpperCase()}${s})`)).toEqual({
            kind: 'rate',
            value,
            unit,
          });
        },
      ),
    );
  });
});

describe('periodSeconds', () => {
  it.each([
    ['rate(5minutes)', 300],
    ['rate(2hours)', 7200],
    ['rate(1weeks)', 604_800],
    ['rate(1months)', 2_592_000],
    ['cron(0 4 * * ? *)', 86_400],
    ['cron(0/15 * * * ? *)', 900],
    ['cron(0,50 * * * ? *)', 600],
    ['cron(30 8-17/3 ? * MON-FRI *)', 10_800],
    ['cron(0 1,23 * * ? *)', 7200],
  ])('of %s is %d', (scheduleExpression, seconds) => {
    expect(periodSeconds({ scheduleExpression })).toBe(seconds);
  });
});

describe('scheduleAllows', () => {
  const scheduled = { scheduleExpression: 'rate(1hours)', scheduleStartTime: 1000, scheduleEndTime: 2000 };

  it('runs from the start on and before the end', () => {
    expect([999_999, 1_000_000, 1_999_999, 2_000_000].map((due) => scheduleAllows(scheduled, due))).toEqual([
      'notYet',
      'run',
      'run',
      'over',
    ]);
  });

  it('always runs without bounds', () => {
    expect(scheduleAllows({ scheduleExpression: 'rate(1hours)' }, 0)).toBe('run');
  });
});

describe('lastDueAt', () => {
  const weekly = { scheduleExpression: 'rate(1weeks)', scheduleStartTime: start };

  it('counts from the start', () => {
    const week = 604_800;
    expect(lastDueAt(weekly, (start - 1) * 1000)).toBeUndefined();
    expect(lastDueAt(weekly, start * 1000)).toBe(start * 1000);
    expect(lastDueAt(weekly, (start + week - 1) * 1000)).toBe(start * 1000);
    expect(lastDueAt(weekly, (start + 3 * week + 5) * 1000)).toBe((start + 3 * week) * 1000);
  });

  it('does not know the calendar', () => {
    expect(
      lastDueAt({ scheduleExpression: 'rate(1months)', scheduleStartTime: start }, start * 2000),
    ).toBeUndefined();
    expect(
      lastDueAt({ scheduleExpression: 'cron(0 4 * * ? *)', scheduleStartTime: start }, start * 2000),
    ).toBeUndefined();
    expect(lastDueAt({ scheduleExpression: 'rate(1hours)' }, start * 2000)).toBeUndefined();
  });
});
