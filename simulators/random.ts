/** Numbers in [0, 1), the same for the same seed (mulberry32). */
export type Random = () => number;

export function seededRandom(seed: number): Random {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A whole number in [0, below) that depends on nothing but these numbers. */
export function hashed(below: number, ...numbers: readonly number[]): number {
  const seed = numbers.reduce((mixed, number) => Math.imul(mixed ^ (number | 0), 0x01000193), 0x811c9dc5 | 0);
  return Math.floor(seededRandom(seed)() * below);
}
