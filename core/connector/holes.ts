/** `{owner}` or `{issues.number}` in a template. */
const hole = /\{([^{}]+)\}/g;

/** The names in a template's holes, in order. */
export function holesOf(template: string): string[] {
  return [...template.matchAll(hole)].map(([, name = '']) => name);
}

export function fillHoles(template: string, fill: (name: string) => string): string {
  return template.replace(hole, (_, name: string) => fill(name));
}

/** All texts in a value of JSON, however deep. */
export function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : [];
}
