import { expect, test } from 'vitest';
import { TributaryError } from '#core';
import { patience } from '../../engine/patience.ts';
import { testClock } from '../support/source-ports.ts';

const slowDown = (retryAfterSeconds?: number) =>
  new TributaryError('RateLimitExceeded', 'slow down', {
    ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
  });

test('waits as long as is said, and asks again', async () => {
  const clock = testClock(0);
  const answers = [slowDown(60), slowDown(30), 'fine'];
  const ask = async () => {
    const answer = answers.shift();
    if (answer instanceof Error) throw answer;
    return answer;
  };
  expect(await patience(clock)(ask)).toBe('fine');
  expect(clock.slept).toEqual([60_000, 30_000]);
});

test('ends after ten minutes, all questions together', async () => {
  const clock = testClock(0);
  const patiently = patience(clock);
  let left = 1;
  const once = async () => {
    if (left-- > 0) throw slowDown(400);
  };
  await patiently(once);
  left = 1;
  await expect(patiently(once)).rejects.toMatchObject({ code: 'RateLimitExceeded' });
  expect(clock.slept).toEqual([400_000]);
});

test('waits for nothing else', async () => {
  const clock = testClock(0);
  await expect(patience(clock)(() => Promise.reject(slowDown()))).rejects.toThrow('slow down');
  await expect(patience(clock)(() => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
  expect(clock.slept).toEqual([]);
});
