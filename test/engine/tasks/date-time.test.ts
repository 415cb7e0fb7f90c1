import { describe, expect, it } from 'vitest';
import { dateText, dateTimeText, instantKey, timeText } from '../../../engine/tasks/date-time.ts';

describe('dateTimeText', () => {
  it.each([
    ['2026-02-03T10:15:00.000Z', '2026-02-03T10:15:00.000Z'],
    ['2026-02-03T10:15:00Z', '2026-02-03T10:15:00.000Z'],
    ['2026-02-03T10:15Z', '2026-02-03T10:15:00.000Z'],
    ['2026-02-03T10:15:00.1234Z', '2026-02-03T10:15:00.123400Z'],
    ['2026-02-03T12:15:00+02:00', '2026-02-03T10:15:00.000Z'],
    ['2026-02-03T10:15:00.000+0000', '2026-02-03T10:15:00.000Z'],
    ['2026-01-01T00:30:00.5+01', '2025-12-31T23:30:00.500Z'],
    ['2026-02-03 10:15:00', '2026-02-03T10:15:00.000Z'],
    ['2026-02-03', '2026-02-03T00:00:00.000Z'],
    ['2028-02-29T10:15:00.000Z', '2028-02-29T10:15:00.000Z'],
    ['2026-12-31T10:15:00.000Z', '2026-12-31T10:15:00.000Z'],
    ['1969-12-31T23:59:59.999Z', '1969-12-31T23:59:59.999Z'],
    [1769904000000, '2026-02-01T00:00:00.000Z'],
    [1769904000000n, '2026-02-01T00:00:00.000Z'],
    [-1, '1969-12-31T23:59:59.999Z'],
  ])('%s is %s', (value, text) => {
    expect(dateTimeText(value)).toBe(text);
  });

  it('has the digits that are asked for', () => {
    expect(dateTimeText('2026-02-03T10:15:00.123456Z', 3)).toBe('2026-02-03T10:15:00.123Z');
    expect(dateTimeText('2026-02-03T12:15:00.123456+02:00', 6)).toBe('2026-02-03T10:15:00.123456Z');
    expect(dateTimeText('2026-02-03T10:15:00.5Z', 6)).toBe('2026-02-03T10:15:00.500000Z');
  });

  it.each([
    ['2026-02-30T00:00:00Z'],
    ['2026-02-30T00:00:00.000Z'],
    ['2026-02-29T00:00:00.000Z'],
    ['2026-04-31T00:00:00.000Z'],
    ['2026-00-10T00:00:00.000Z'],
    ['2026-01-01T24:00:00.000Z'],
    ['2026-13-01'],
    ['2026-02-03T25:00:00Z'],
    ['03.02.2026'],
    ['infinity'],
    [''],
    [9e15],
    [Number.NaN],
    [true],
    [null],
  ])('%s is no date', (value) => {
    expect(dateTimeText(value)).toBe(undefined);
  });
});

it('gives dates in UTC', () => {
  expect(dateText('2026-02-03')).toBe('2026-02-03');
  expect(dateText('2026-02-03T00:30:00+01:00')).toBe('2026-02-02');
  expect(dateText('2028-02-29')).toBe('2028-02-29');
  expect(dateText('2026-02-29')).toBe(undefined);
  expect(dateText('2026-06-31')).toBe(undefined);
});

it('gives times of day', () => {
  expect(timeText('10:15:00.25')).toBe('10:15:00.25');
  expect(timeText('2026-02-03T10:15:00+01:00')).toBe('09:15:00');
  expect(timeText('24:00:00')).toBe(undefined);
});

it('sorts instants whatever their form', () => {
  const sorted = [
    '2026-02-03T10:15:00Z',
    '2026-02-03T10:15:00.0000001Z',
    '2026-02-03T12:15:00.0005+02:00',
    '2026-02-03T10:15:00.001Z',
    '2026-02-03T10:15:00.01Z',
    '2026-02-03T10:15:01Z',
  ];
  const keys = sorted.map((text) => instantKey(text) ?? '');
  expect([...keys].sort()).toEqual(keys);
  expect(new Set(keys).size).toBe(6);
  expect(instantKey('2026-02-03T10:15:00.500Z')).toBe(instantKey('2026-02-03T11:15:00.5+01:00'));
});
