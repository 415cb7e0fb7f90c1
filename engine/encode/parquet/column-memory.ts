/** A WebAssembly memory for the columns of all open row groups: what blocks and rows become until it is a page. */

import { ensureMemory, type Kernels, newKernels } from '../../../core/kernels.ts';

/** What kernels may read or write behind an end. */
const slack = 64;
/** Beyond it, the sizes of regions are multiples of it, and not powers of two. */
const large = 2 ** 22;

interface Arena {
  readonly kernels: Kernels;
  /** Anew when the memory has grown. */
  views: Views;
}

interface Views {
  readonly bytes: Buffer;
  readonly places: Int32Array;
  readonly data: DataView;
}

/** Of formats that have no encoder open. A memory is kept, as V8 gives one back only when it happens to collect it. */
const unused: Arena[] = [];

/**
 * For all encoders of a format. While none is open it has no memory; what encoders hold that an error has ended goes with the
 * format.
 */
export class ColumnMemory {
  private arena: Arena | undefined;
  private users = 0;
  private top = 0;
  /** Addresses of free regions by their size. */
  private free = new Map<number, number[]>();
  /** For what is about to be added to a column: all columns share it. */
  run = new Region(this);

  /** Before an encoder makes columns. */
  open(): void {
    if (this.users++ > 0) return;
    const arena = unused.pop() ?? newArena();
    this.arena = arena;
    this.free = new Map();
    this.run = new Region(this);
    this.top = arena.kernels.heapStart() + Number(arena.kernels.snappyTableBytes.value);
  }

  /** When the encoder has ended, and given back its columns' regions. */
  close(): void {
    if (--this.users > 0) return;
    unused.push(this.held);
    this.arena = undefined;
  }

  get kernels(): Kernels {
    return this.held.kernels;
  }

  // Valid until `room` or a region's `reserve` is called.

  get bytes(): Buffer {
    return this.held.views.bytes;
  }

  get places(): Int32Array {
    return this.held.views.places;
  }

  get data(): DataView {
    return this.held.views.data;
  }

  /** @returns the address of `size` bytes behind all regions; valid until it, or a region's `reserve`, is called */
  room(size: number): number {
    this.ensure(this.top + size);
    return this.top;
  }

  get snappyTable(): number {
    return this.held.kernels.heapStart();
  }

  /** @param size one of the sizes of regions */
  allocate(size: number): number {
    const known = this.free.get(size)?.pop();
    if (known !== undefined) return known;
    const start = this.top;
    this.top += size;
    this.ensure(this.top);
    return start;
  }

  release(start: number, size: number): void {
    const same = this.free.get(size);
    if (same) same.push(start);
    else this.free.set(size, [start]);
  }

  private ensure(size: number): void {
    const { held } = this;
    if (ensureMemory(held.kernels.memory, size + slack)) held.views = viewsOf(held.kernels);
  }

  private get held(): Arena {
    if (!this.arena) throw new Error('columns are only made while an encoder is open');
    return this.arena;
  }
}

/** A part of the memory, which moves when it grows. */
export class Region {
  /** Its address, a multiple of 16. */
  start = 0;
  private size = 0;
  private readonly memory: ColumnMemory;

  constructor(memory: ColumnMemory) {
    this.memory = memory;
  }

  /** Makes room for so many bytes, and what kernels may touch behind them. The first `kept` bytes stay. */
  reserve(bytes: number, kept: number): void {
    if (bytes + slack <= this.size) return;
    const { memory } = this;
    const size = regionSize(bytes + slack);
    const start = memory.allocate(size);
    if (kept > 0) memory.bytes.copyWithin(start, this.start, this.start + kept);
    this.release();
    this.start = start;
    this.size = size;
  }

  /** Gives it back: it has room for nothing then. */
  release(): void {
    if (this.size > 0) this.memory.release(this.start, this.size);
    this.size = 0;
  }
}

/**
 * Powers of two, from some KiB on every other one: regions that a column grows out of stay behind, touched, while room that is
 * never touched costs nothing.
 */
function regionSize(bytes: number): number {
  if (bytes > large) return Math.ceil(bytes / large) * large;
  const power = 32 - Math.clz32(bytes - 1);
  return 2 ** (power > 12 && power < 20 ? power + (power % 2) : power);
}

function newArena(): Arena {
  const kernels = newKernels();
  return { kernels, views: viewsOf(kernels) };
}

function viewsOf({ memory: { buffer } }: Kernels): Views {
  return { bytes: Buffer.from(buffer), places: new Int32Array(buffer), data: new DataView(buffer) };
}
