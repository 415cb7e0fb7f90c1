/**
 * Paths of a declaration: names joined by dots; `[*]` after a name walks its list: `user.login`, `labels[*].name`. A literal
 * key that contains the dots wins: `@odata.nextLink`.
 */

interface Step {
  readonly name: string;
  readonly each: boolean;
}

const pattern = /^[^.[\]]+(\[\*\])?(\.[^.[\]]+(\[\*\])?)*$/;

export function isFieldPath(path: string): boolean {
  return pattern.test(path);
}

/** `undefined` where the path leads nowhere; a path through `[*]` gives a list with `null` for items that lack the rest. */
export function compileFieldPath(path: string): (record: unknown) => unknown {
  const steps = path
    .split('.')
    .map((part): Step => ({ name: part.replace('[*]', ''), each: part.endsWith('[*]') }));
  if (steps.length === 1) return (record) => valueAt(record, steps, 0);
  return (record) =>
    isRecord(record) && Object.hasOwn(record, path) ? record[path] : valueAt(record, steps, 0);
}

function valueAt(record: unknown, steps: readonly Step[], from: number): unknown {
  let value = record;
  for (const [offset, { name, each }] of steps.slice(from).entries()) {
    if (!isRecord(value) || !Object.hasOwn(value, name)) return undefined;
    value = value[name];
    if (!each) continue;
    if (!Array.isArray(value)) return undefined;
    return value.map(
      (item) => (isLast(steps, from + offset) ? item : valueAt(item, steps, from + offset + 1)) ?? null,
    );
  }
  return value;
}

function isLast(steps: readonly Step[], index: number): boolean {
  return index === steps.length - 1;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
