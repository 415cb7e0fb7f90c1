import { readFileSync } from 'node:fs';

/** The text of one of the example flows. */
export function example(name: string): string {
  return readFileSync(new URL(`../../fixtures/flows/${name}.json`, import.meta.url), 'utf8');
}

/** An example flow with other values at some dotted paths (`tasks.1.taskProperties.VALUE`); `undefined` removes. */
export function mutated(name: string, changes: Readonly<Record<string, unknown>>): unknown {
  const document: unknown = JSON.parse(example(name));
  for (const [path, value] of Object.entries(changes)) {
    const steps = path.split('.');
    const last = steps.pop() ?? '';
    let parent = document as Record<string, unknown>;
    for (const step of steps) parent = parent[step] as Record<string, unknown>;
    if (value === undefined) delete parent[last];
    else parent[last] = value;
  }
  return document;
}
