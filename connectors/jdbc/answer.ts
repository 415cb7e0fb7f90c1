import { TributaryError } from '#core';
import { answerTimeout } from './limits.ts';

/**
 * The work's result, unless the database stays silent for longer than it lets any statement take: then the network is
 * gone without a word, and neither driver would ever notice.
 *
 * @param abandon closes the connection at once
 * @throws RequestTimeout
 */
export async function answerOf<T>(work: Promise<T>, at: string, abandon: () => void): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const silence = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new TributaryError('RequestTimeout', 'the database does not answer any more', { at }));
      abandon();
    }, answerTimeout);
  });
  try {
    return await Promise.race([work, silence]);
  } finally {
    clearTimeout(timer);
  }
}
