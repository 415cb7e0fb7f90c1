import { copyBytes } from './copy-bytes.ts';

/** Byte strings that are told apart by their content; each has the index at which it was added. */
export interface ByteSet {
  readonly size: number;
  /** Bytes of all of them. */
  readonly length: number;
  /** They lie here, one after the other. Valid until the next `add`. */
  readonly bytes: Uint8Array;
  startOf(index: number): number;
  endOf(index: number): number;
  /** The index of the bytes [start, end); -1 if they have not been added. */
  find(bytes: Uint8Array, start: number, end: number): number;
  /** Adds what the last `find` has not found. @returns its index */
  add(bytes: Uint8Array, start: number, end: number): number;
}

const initialSlots = 32;

export function byteSet(): ByteSet {
  let stored = new Uint8Array(64);
  let ends = new Int32Array(8);
  let hashes = new Int32Array(8);
  let size = 0;
  /** Indexes + 1 by hash, with open addressing; at most half full. */
  let slots = new Int32Array(initialSlots);
  /** Of the last `find`. */
  let hash = 0;

  const endOf = (index: number): number => ends[index] ?? 0;
  const startOf = (index: number): number => (index === 0 ? 0 : endOf(index - 1));

  function slotOf(wanted: number): number {
    const mask = slots.length - 1;
    let slot = wanted & mask;
    while (slots[slot] !== 0) slot = (slot + 1) & mask;
    return slot;
  }

  function grow(): void {
    ends = enlarged(ends, 2 * size);
    hashes = enlarged(hashes, 2 * size);
    if (4 * size <= slots.length) return;
    slots = new Int32Array(4 * slots.length);
    for (let index = 0; index < size; index++) slots[slotOf(hashes[index] ?? 0)] = index + 1;
  }

  return {
    get size() {
      return size;
    },
    get length() {
      return endOf(size - 1);
    },
    get bytes() {
      return stored;
    },
    startOf,
    endOf,
    find(bytes, start, end) {
      hash = hashOf(bytes, start, end);
      const mask = slots.length - 1;
      const length = end - start;
      for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
        const index = (slots[slot] ?? 0) - 1;
        if (index < 0) return -1;
        if (hashes[index] !== hash) continue;
        const from = startOf(index);
        if (endOf(index) - from !== length) continue;
        let at = 0;
        while (at < length && stored[from + at] === bytes[start + at]) at++;
        if (at === length) return index;
      }
    },
    add(bytes, start, end) {
      const from = endOf(size - 1);
      const to = from + end - start;
      if (to > stored.length) stored = enlarged(stored, Math.max(to, 2 * stored.length));
      copyBytes(bytes, start, end, stored, from);
      if (size === ends.length) grow();
      slots[slotOf(hash)] = size + 1;
      hashes[size] = hash;
      ends[size] = to;
      return size++;
    },
  };
}

function enlarged<T extends Uint8Array | Int32Array>(array: T, length: number): T {
  const larger = new (array.constructor as new (length: number) => T)(length);
  larger.set(array);
  return larger;
}

/** FNV-1a, its upper bits mixed into the lower, which choose the slot. */
function hashOf(bytes: Uint8Array, start: number, end: number): number {
  let hash = 0x811c9dc5;
  for (let at = start; at < end; at++) hash = Math.imul(hash ^ (bytes[at] ?? 0), 0x01000193);
  return hash ^ (hash >>> 15);
}
