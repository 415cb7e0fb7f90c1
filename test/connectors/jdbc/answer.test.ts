import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { answerOf } from '../../../connectors/jdbc/answer.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test('an answer, or its failure, is passed on and the watch ends', async () => {
  const abandon = vi.fn();
  await expect(answerOf(Promise.resolve(7), 'shop.orders', abandon)).resolves.toBe(7);
  await expect(answerOf(Promise.reject(new Error('no')), 'shop.orders', abandon)).rejects.toThrow('no');
  expect(vi.getTimerCount()).toBe(0);
  expect(abandon).not.toHaveBeenCalled();
});

test('silence for five and a half minutes ends the connection', async () => {
  const abandon = vi.fn();
  const answer = expect(answerOf(new Promise(() => undefined), 'shop.orders', abandon)).rejects.toMatchObject(
    {
      name: 'RequestTimeout',
      message: 'shop.orders: the database does not answer any more',
    },
  );
  await vi.advanceTimersByTimeAsync(329_999);
  expect(abandon).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(1);
  await answer;
  expect(abandon).toHaveBeenCalledOnce();
});
