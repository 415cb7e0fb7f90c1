/**
 * Records that change, with all that ever became of them: a test knows the state at any time, and so what must have
 * arrived. What a vendor shows of a record is the vendor's business.
 */

import { hashed, type Random } from './random.ts';

export interface SimulatedRecord {
  /** 1, 2, 3 …, in the order of creation. */
  readonly number: number;
  /** 1 at first; one more with each change. */
  readonly version: number;
  /** Epoch milliseconds, cut to the collection's precision; many records may have the same. */
  readonly createdAt: number;
  readonly updatedAt: number;
  /** When the vendor itself touched it, if that was after the update. */
  readonly touchedAt: number;
  readonly isDeleted: boolean;
  /** One of the values, always the same for this version. */
  pick<T>(values: readonly [T, ...T[]], salt?: number): T;
}

export interface CollectionPlan {
  /** Records at first. Default the simulator's. */
  readonly records?: (count: number) => number;
  /** Days before now within which they were created. Default 20. */
  readonly days?: number;
  /** Milliseconds that stamps are cut to. Default 1000. */
  readonly precision?: number;
  /** Of 100 changes, how many create and how many delete a record; the others update one. Default 25 and 10. */
  readonly creates?: number;
  readonly deletes?: number;
  /** How many leave version and `updatedAt` as they are. Default 0. */
  readonly touches?: number;
  /** At most so many records of one moment at first, as an import makes them. Default 250, and never more than a tenth. */
  readonly burst?: number;
  /** Records are created and never change, as those of a log. */
  readonly unchanging?: true;
  /** What the vendor never deletes. Default nothing. */
  readonly keeps?: (number: number) => boolean;
}

export interface Collection {
  /** What is not deleted, in the order of creation. @param at epoch milliseconds: as it was then; default as it is */
  live(at?: number): SimulatedRecord[];
  /** The same with deleted records in their last version. */
  all(at?: number): SimulatedRecord[];
  /** @returns the record as it is, deleted or not */
  find(number: number): SimulatedRecord | undefined;
  /** Every version of a record, the oldest first. */
  versions(number: number): readonly SimulatedRecord[];
  /** Creates, updates and deletes so many records now. */
  change(count: number): void;
}

const hour = 3600 * 1000;

/** Records created within the plan's days before now, a third of them changed since; a tenth has one and the same stamp. */
export function collection(
  plan: CollectionPlan,
  options: { readonly records: number; readonly now: () => number; readonly random: Random },
): Collection {
  const { days = 20, precision = 1000, creates = 25, deletes = 10, touches = 0 } = plan;
  const { now, random } = options;
  const histories: SimulatedRecord[][] = [];
  const stamp = (at: number): number => Math.floor(at / precision) * precision;
  const below = (count: number): number => Math.floor(random() * count);

  function add(createdAt: number): void {
    histories.push([recordOf(histories.length + 1, 1, createdAt, createdAt, false)]);
  }

  function append(number: number, at: number, isDeleted: boolean): void {
    const history = histories[number - 1];
    const last = history?.at(-1);
    if (!history || !last || last.isDeleted || (isDeleted && plan.keeps?.(number))) return;
    history.push(recordOf(number, last.version + 1, last.createdAt, stamp(at), isDeleted));
  }

  function touch(number: number, at: number): void {
    const history = histories[number - 1];
    const last = history?.at(-1);
    if (last && !last.isDeleted) history?.push({ ...last, touchedAt: stamp(at) });
  }

  const count = plan.records?.(options.records) ?? options.records;
  const end = now() - hour;
  const begin = end - days * 24 * hour;
  const from = Math.floor(count * 0.4);
  const imported = {
    from,
    to: from + Math.min(plan.burst ?? 250, Math.floor(count / 10)),
    at: begin + (end - begin) / 3,
  };
  const createdAt = Array.from({ length: count }, (_, at) =>
    at >= imported.from && at < imported.to ? imported.at : begin + random() * (end - begin),
  ).sort((a, b) => a - b);
  for (const at of createdAt) add(stamp(at));
  for (let change = 0; change < (plan.unchanging ? 0 : count / 3); change++) {
    const number = below(count) + 1;
    const last = histories[number - 1]?.at(-1);
    if (last && last.updatedAt < end && last.createdAt !== stamp(imported.at)) {
      append(number, last.updatedAt + random() * (end - last.updatedAt), random() < deletes / 400);
    }
  }

  const asOf = (at: number | undefined): SimulatedRecord[] =>
    histories.flatMap(
      (history) => history.findLast(({ touchedAt }) => at === undefined || touchedAt <= at) ?? [],
    );

  return {
    all: asOf,
    live: (at) => asOf(at).filter(({ isDeleted }) => !isDeleted),
    find: (number) => histories[number - 1]?.at(-1),
    versions: (number) => histories[number - 1] ?? [],
    change(times) {
      for (let change = 0; change < times; change++) {
        const chosen = random() * 100;
        if (chosen < creates) add(stamp(now()));
        else if (plan.unchanging) continue;
        else if (chosen >= 100 - touches) touch(below(histories.length) + 1, now());
        else append(below(histories.length) + 1, now(), chosen < creates + deletes);
      }
    },
  };
}

function recordOf(
  number: number,
  version: number,
  createdAt: number,
  updatedAt: number,
  isDeleted: boolean,
): SimulatedRecord {
  return {
    number,
    version,
    createdAt,
    updatedAt,
    touchedAt: updatedAt,
    isDeleted,
    pick: <T>(values: readonly [T, ...T[]], salt = 0) =>
      values[hashed(values.length, number, version, salt)] ?? values[0],
  };
}
