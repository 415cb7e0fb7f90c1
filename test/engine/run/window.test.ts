import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isEmpty, movesWatermark, pullWindow } from '../../../engine/run/window.ts';

const now = Date.parse('2026-02-03T10:15:00Z');
const day = 86_400_000;

describe('the pull window', () => {
  it('of a complete pull has no beginning', () => {
    expect(pullWindow({ incremental: false, watermark: 5, now, parameters: {} })).toEqual({ end: now });
  });

  it('of a first incremental pull begins 30 days before the run, or at firstExecutionFrom', () => {
    expect(pullWindow({ incremental: true, now, scheduleOffset: 60, parameters: {} })).toEqual({
      start: now - 30 * day,
      end: now - 60_000,
    });
    expect(pullWindow({ incremental: true, now, firstExecutionFrom: 1_700_000_000, parameters: {} })).toEqual(
      {
        start: 1_700_000_000_000,
        end: now,
      },
    );
  });

  it('is overridden by run parameters, which leave the watermark alone', () => {
    const input = { incremental: true, watermark: now - day, now };
    expect(pullWindow({ ...input, parameters: { from: now - 5 * day } })).toEqual({
      start: now - 5 * day,
      end: now,
    });
    expect(pullWindow({ ...input, parameters: { to: now - 1 } })).toEqual({ start: now - day, end: now - 1 });
    expect(pullWindow({ ...input, parameters: { full: true } })).toEqual({ end: now });
    expect(movesWatermark(true, {})).toBe(true);
    expect(movesWatermark(false, {})).toBe(false);
    expect(movesWatermark(true, { limit: 1 })).toBe(false);
  });

  it('is refused when it would be empty by its parameters', () => {
    expect(() => pullWindow({ incremental: true, now, parameters: { from: now, to: now } })).toThrow(
      'the window is empty; got from 2026-02-03T10:15:00.000Z to 2026-02-03T10:15:00.000Z; expected from before to',
    );
  });

  it('tiles time: whatever the runs’ times and offsets, no moment is in two windows and none between two is in none', () => {
    const runs = fc.array(
      fc.record({
        step: fc.integer({ min: -3600, max: 7200 }),
        offset: fc.integer({ min: 0, max: 36_000 }),
        fails: fc.boolean(),
      }),
      {
        minLength: 1,
        maxLength: 40,
      },
    );
    fc.assert(
      fc.property(runs, (steps) => {
        let clock = now;
        let watermark: number | undefined;
        const windows: { start: number; end: number }[] = [];
        for (const { step, offset, fails } of steps) {
          clock += step * 1000;
          const window = pullWindow({
            incremental: true,
            watermark,
            now: clock,
            scheduleOffset: offset,
            firstExecutionFrom: 0,
            parameters: {},
          });
          if (isEmpty(window) || fails) continue;
          windows.push({ start: window.start ?? 0, end: window.end });
          watermark = window.end;
        }
        let reached = 0;
        for (const { start, end } of windows) {
          expect(start).toBe(reached);
          expect(end).toBeGreaterThan(start);
          reached = end;
        }
      }),
    );
  });
});
