import { type Path, pathText } from '../flow/finding.ts';

/** Stands in a document where a template has a value that only a deployment knows. */
export class Unresolved {
  /** What stands there: `Ref Bucket`, `var.bucket`. */
  readonly what: string;
  /** Why it has no value, and how it gets one. */
  readonly why: string;

  constructor(what: string, why: string) {
    this.what = what;
    this.why = why;
  }
}

/** The value that the user gives a name which a template leaves open; undefined: none. Asking for a name accepts it. */
export type Given = (name: string) => string | undefined;

export interface UnresolvedPlace {
  /** `tasks[1].taskProperties.VALUE` */
  readonly at: string;
  readonly value: Unresolved;
}

/** Every value of a document that is not known, with its place. */
export function unresolvedIn(value: unknown, path: Path = []): UnresolvedPlace[] {
  if (value instanceof Unresolved) return [{ at: pathText(path), value }];
  if (typeof value !== 'object' || value === null) return [];
  const members: [string | number, unknown][] = Array.isArray(value)
    ? value.map((item, i) => [i, item])
    : Object.entries(value);
  return members.flatMap(([name, member]) => unresolvedIn(member, [...path, name]));
}

export type Members = Readonly<Record<string, unknown>>;

export function isMembers(value: unknown): value is Members {
  return (
    typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Unresolved)
  );
}
