/** A flow or a connection as an import leaves it. */

import { canonicalJson } from '../flow/canonical-json.ts';

export interface Imported<T> {
  readonly name: string;
  /** Where it was found. */
  readonly place: string;
  /** Absent if it is refused. */
  readonly content?: T;
  readonly report: ItemReport;
}

export interface ItemReport {
  /** Why it cannot be imported, each with its place. */
  readonly refused: readonly string[];
  /** What it does, here as there. */
  readonly kept: readonly string[];
  /** What is done in another way than by AppFlow. */
  readonly differently: readonly string[];
  /** What this version cannot do of it. */
  readonly notYet: readonly string[];
  /** What is left to the user. */
  readonly todo: readonly string[];
}

export function refusedItem(name: string, place: string, refused: readonly string[]): Imported<never> {
  return { name, place, report: { refused, kept: [], differently: [], notYet: [], todo: [] } };
}

/**
 * Of several of one name: the first, if all say the same (a template, and what was deployed from it); else none, as
 * nobody knows which is meant.
 */
export function oneOfEachName<T>(all: readonly Imported<T>[]): Imported<T>[] {
  return all.flatMap((one) => {
    const twins = all.filter(({ name, content }) => name === one.name && content !== undefined);
    if (one.content === undefined || twins.length === 1) return [one];
    const others = twins.filter((twin) => twin !== one).map(({ place }) => place);
    if (new Set(twins.map(({ content }) => canonicalJson(content))).size > 1) {
      return [refusedItem(one.name, one.place, [`another one of this name differs: ${others.join(', ')}`])];
    }
    return twins[0] === one ? [one] : [];
  });
}
