/**
 * Imports point one way (docs/architecture.md). TypeScript itself says who imports what, types and dynamic imports
 * included.
 */

import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Folder → the folders that its files may import. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  core: ['core'],
  connectors: ['connectors', 'core'],
  engine: ['engine', 'core'],
  local: ['local', 'engine', 'core'],
  lambdas: ['lambdas', 'engine', 'connectors', 'core'],
  lib: ['lib', 'connectors', 'core'],
  cli: ['cli', 'local', 'lambdas', 'engine', 'connectors', 'core'],
  bin: ['cli', 'lib', 'core'],
  // Vendors as their own pages have them, and not as a connector does.
  simulators: ['simulators'],
};
const folders = Object.keys(mayImport);

interface Import {
  readonly from: string;
  /** A file of ours, or a package's name. */
  readonly to: string;
}

let imports: readonly Import[] = [];

beforeAll(() => {
  imports = importsOf(
    execFileSync('node_modules/.bin/tsc', ['--noEmit', '--listFilesOnly', '--explainFiles'], {
      cwd: root,
      encoding: 'utf8',
      maxBuffer: 2 ** 27,
    }),
  );
}, 60_000);

/** Reads `tsc --explainFiles`: a file, then a line for each import of it. */
function importsOf(text: string): Import[] {
  const found: Import[] = [];
  let file = '';
  for (const line of text.split('\n')) {
    if (!line.startsWith(' ')) file = line;
    const [, specifier = '', from = ''] =
      /^\s+Imported via ['"](.+)['"] from file '([^']+)'/.exec(line) ?? [];
    if (!folders.includes(folderOf(from))) continue;
    found.push({ from, to: file.includes('node_modules/') ? packageOf(specifier) : file });
  }
  return found;
}

const folderOf = (file: string): string => file.split('/')[0] ?? '';

function packageOf(specifier: string): string {
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
}

const isOurs = ({ to }: Import): boolean => /\.(ts|js|mjs)$/.test(to) && to.includes('/');
const shown = ({ from, to }: Import): string => `${from} imports ${to}`;
/** Imports of ours that break a rule, as text. */
const violations = (breaks: (one: Import) => boolean): string[] => imports.filter(breaks).map(shown);

describe('imports', () => {
  it('are all seen', () => {
    expect(imports).toContainEqual({ from: 'cli/program.ts', to: 'core/errors.ts' });
    expect(imports).toContainEqual({ from: 'connectors/registry.ts', to: 'connectors/jdbc/source.ts' });
    expect(imports).toContainEqual({ from: 'engine/run/plan.ts', to: 'core/source.ts' });
    expect(imports).toContainEqual({ from: 'core/flow/definition.ts', to: 'zod' });
    expect(new Set(imports.map(({ from }) => folderOf(from)))).toEqual(new Set(folders));
  });

  it('point one way', () => {
    const breaks = (one: Import) => isOurs(one) && !mayImport[folderOf(one.from)]?.includes(folderOf(one.to));
    expect(violations(breaks)).toEqual([]);
  });

  it('of one connector never reach another: the registry alone knows them all', () => {
    const connectorOf = (file: string) => (folderOf(file) === 'connectors' ? file.split('/')[1] : undefined);
    // What applications of one vendor have in common.
    const families = ['google.ts'];
    const breaks = ({ from, to }: Import) => {
      const [mine, other] = [connectorOf(from), connectorOf(to)];
      if (mine === undefined || other === undefined || families.includes(other)) return false;
      return mine !== 'registry.ts' && mine !== other;
    };
    expect(violations(breaks)).toEqual([]);
    const besides = (one: Import) => isOurs(one) && connectorOf(one.to) !== undefined;
    const reached = imports.filter((one) => besides(one) && folderOf(one.from) !== 'connectors');
    expect(new Set(reached.map(({ to }) => to))).toEqual(new Set(['connectors/registry.ts']));
  });

  it('of AWS SDK clients are in lambdas/aws alone', () => {
    const breaks = ({ from, to }: Import) => to.startsWith('@aws-sdk/') && !from.startsWith('lambdas/aws/');
    expect(violations(breaks)).toEqual([]);
  });

  it('of lambdas from elsewhere reach their AWS ports alone', () => {
    const breaks = ({ from, to }: Import) =>
      folderOf(to) === 'lambdas' && folderOf(from) !== 'lambdas' && !to.startsWith('lambdas/aws/');
    expect(violations(breaks)).toEqual([]);
  });

  it('of core need zod, and YAML to read a flow', () => {
    const packages = imports.filter((one) => folderOf(one.from) === 'core' && !isOurs(one));
    expect(new Set(packages.map(({ to }) => to))).toEqual(new Set(['zod', 'yaml']));
    expect(packages.filter(({ to }) => to === 'yaml').map(({ from }) => from)).toEqual(['core/flow/read.ts']);
  });

  it('of simulators need no package', () => {
    const packages = imports.filter((one) => folderOf(one.from) === 'simulators' && !isOurs(one));
    expect(packages).toEqual([]);
  });

  it('make no circle', () => {
    expect(circles(imports.filter(isOurs))).toEqual([]);
  });
});

/** Groups of files that import each other, each group sorted (Tarjan's strongly connected components). */
function circles(edges: readonly Import[]): string[][] {
  const next = new Map<string, string[]>();
  for (const { from, to } of edges) next.set(from, [...(next.get(from) ?? []), to]);
  const found: string[][] = [];
  const order = new Map<string, number>();
  const stack: string[] = [];
  const visit = (file: string): number => {
    const own = order.size;
    let lowest = own;
    order.set(file, own);
    stack.push(file);
    for (const other of next.get(file) ?? []) {
      const known = order.get(other);
      if (known === undefined) lowest = Math.min(lowest, visit(other));
      else if (stack.includes(other)) lowest = Math.min(lowest, known);
    }
    if (lowest === own) {
      const group = stack.splice(stack.indexOf(file));
      if (group.length > 1) found.push(group.sort());
    }
    return lowest;
  };
  for (const file of next.keys()) if (!order.has(file)) visit(file);
  return found;
}
