import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { epochDay, epochTime } from '../../engine/dates.ts';

describe('epochDay', () => {
  it.each([
    ['1970-01-01', 0],
    ['1969-12-31', -1],
    ['2000-02-29', 11016],
    ['0000-03-01', -719468],
    ['9999-12-31', 2932896],
    ['+275760-09-13', 100_000_000],
    ['-271821-04-20', -100_000_000],
  ])('%s is day %i', (text, day) => {
    expect(epochDay(text)).toBe(day);
  });

  it.each([
    '',
    '2026-02-30',
    '2025-02-29',
    '1900-02-29',
    '2026-13-01',
    '2026-00-01',
    '2026-01-00',
    '2026-1-01',
  ])('refuses %j', (text) => expect(epochDay(text)).toBeUndefined());
  it.each([
    '2026-01-01T',
    '2026/01/01',
    '20260101',
    ' 2026-01-01',
    '2026-01-0x',
    '+2026-01-01',
    '２026-01-01',
  ])('refuses %j', (text) => expect(epochDay(text)).toBeUndefined());

  it('agrees with Date', () => {
    fc.assert(
      fc.property(fc.date({ noInvalidDate: true }), (date) => {
        const text = date.toISOString();
        expect(epochDay(text.slice(0, text.indexOf('T')))).toBe(Math.floor(date.getTime() / 86_400_000));
      }),
    );
  });
});

describe('epochTime', () => {
  it.each([
    ['1970-01-01T00:00:00Z', 0, 0],
    ['1969-12-31T23:59:59.999Z', -1, -1000],
    ['1969-12-31T23:59:59.123456789Z', -877, -876_544],
    ['2026-02-03T10:15:00.5Z', 1_770_113_700_500, 1_770_113_700_500_000],
    ['2026-02-03T10:15:00,25+00:00', 1_770_113_700_250, 1_770_113_700_250_000],
    ['2026-02-03 11:45:00+0130', 1_770_113_700_000, 1_770_113_700_000_000],
    ['2026-02-03T02:15-08', 1_770_113_700_000, 1_770_113_700_000_000],
    ['2016-12-31T23:59:60Z', 1_483_228_800_000, 1_483_228_800_000_000],
    ['9999-12-31T23:59:59.999999Z', 253_402_300_799_999, 253_402_300_799_999_999n],
    ['+275760-09-13T00:00:00.000Z', 8_640_000_000_000_000, 8_640_000_000_000_000_000n],
  ])('%s', (text, millis, micros) => {
    expect([epochTime(text, 1000), epochTime(text, 1_000_000)]).toEqual([millis, micros]);
  });

  it.each([
    '',
    '2026-02-03',
    '2026-02-03T10:15:00',
    '2026-02-03T10:15:00.Z',
    '2026-02-03T10Z',
    '2026-02-03T1015Z',
    '2026-02-03T24:00:00Z',
    '2026-02-03T10:60:00Z',
    '2026-02-03T10:15:61Z',
    '2026-02-30T10:15:00Z',
    '2026-02-03T10:15:00Zz',
    '2026-02-03T10:15:00+1',
    '2026-02-03T10:15:00+01:60',
    '2026-02-03T10:15:00+24:00',
    '2026-02-03T10:15:00+01-00',
    '2026-02-03x10:15:00Z',
    '+275760-09-13T00:00:01Z',
    'yesterday',
  ])('refuses %j', (text) => {
    expect([epochTime(text, 1000), epochTime(text, 1_000_000)]).toEqual([undefined, undefined]);
  });

  it('agrees with Date', () => {
    fc.assert(
      fc.property(fc.date({ noInvalidDate: true }), (date) => {
        expect(epochTime(date.toISOString(), 1000)).toBe(date.getTime());
        expect(BigInt(epochTime(date.toISOString(), 1_000_000) ?? 0)).toBe(BigInt(date.getTime()) * 1000n);
      }),
    );
  });
});
