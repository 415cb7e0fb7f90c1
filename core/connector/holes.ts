/** `{owner}` or `{issues.number}` in a template; `{+servicePath}` for a value that is a path itself (RFC 6570). */
const hole = /\{(\+?)([^{}]+)\}/g;

/** The names in a template's holes, in order. */
export function holesOf(template: string): string[] {
  return [...template.matchAll(hole)].map(([, , name = '']) => name);
}

/** @param fill gets the name, and whether the value is a path */
export function fillHoles(template: string, fill: (name: string, isPath: boolean) => string): string {
  return template.replace(hole, (_, plus: string, name: string) => fill(name, plus === '+'));
}

/** All texts in a value of JSON, however deep. */
export function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : [];
}
