/** Runs work once one of the slots is free, in the order in which it was asked for. */
export type Slots = <T>(work: () => Promise<T>) => Promise<T>;

/** @param count how much may go on at once */
export function slots(count: number): Slots {
  let free = count;
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (free > 0) free--;
    else await new Promise<void>((begin) => waiting.push(begin));
    try {
      return await work();
    } finally {
      const begin = waiting.shift();
      if (begin) begin();
      else free++;
    }
  };
}
