import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { connectorNames } from '../../connectors/registry.ts';
import { buildLambda } from '../../scripts/build-lambda.ts';

let folder: string;

beforeAll(async () => {
  folder = join(mkdtempSync(join(tmpdir(), 'tributary-bundle-')), 'lambda');
  await buildLambda(folder);
}, 60_000);

const files = (of: string) =>
  readdirSync(of, { recursive: true, encoding: 'utf8' }).filter((file) => /\.mjs$/.test(file));
const text = (file: string) => readFileSync(join(folder, file), 'utf8');

/** The files that are loaded with an entry before its handler is called. */
function loadedWith(entry: string, seen = new Set<string>()): Set<string> {
  if (seen.has(entry)) return seen;
  seen.add(entry);
  for (const [, from = ''] of text(entry).matchAll(/(?:from|import)\s*"(\.[^"]+\.mjs)"/g))
    loadedWith(join(entry, '..', from), seen);
  return seen;
}
const bytes = (loaded: Iterable<string>) => [...loaded].reduce((sum, file) => sum + text(file).length, 0);

describe('the bundle', () => {
  it('is the same bytes every time: an asset hash changes with the code alone', async () => {
    const again = join(mkdtempSync(join(tmpdir(), 'tributary-bundle-')), 'lambda');
    await buildLambda(again);
    const hash = (of: string) =>
      files(of)
        .sort()
        .map(
          (file) =>
            `${file} ${createHash('sha256')
              .update(readFileSync(join(of, file)))
              .digest('hex')}`,
        );
    expect(hash(again)).toEqual(hash(folder));
  }, 60_000);

  it.each(['control', 'transfer', 'settle', 'identity'])('has a handler for %s that loads', async (name) => {
    const module: { handler: unknown } = await import(join(folder, `${name}.mjs`));
    expect(module.handler).toBeTypeOf('function');
  });

  it('loads little before a step begins: no connector, no Glue, no database driver', () => {
    const loaded = loadedWith('transfer.mjs');
    expect(bytes(loaded)).toBeLessThan(900_000);
    const all = [...loaded].map(text).join('');
    for (const absent of [
      'api.github.com',
      'rel="next"',
      'BatchCreatePartition',
      'GetSecretValue',
      'scram-sha-256',
    ])
      expect(all, absent).not.toContain(absent);
    expect(bytes(loadedWith('settle.mjs'))).toBeLessThan(600_000);
  });

  it('has every connector in a chunk of its own', () => {
    const chunks = files(folder).filter((file) => /chunks\/(?:connector|source)-/.test(file));
    expect(chunks.length).toBe(connectorNames.length);
    expect(chunks.map(text).filter((chunk) => chunk.includes('api.github.com'))).toHaveLength(1);
  });

  it('keeps error codes and the names of functions, by which stack traces are read', () => {
    const all = files(folder).map(text).join('');
    expect(all).toContain('function awsError(');
  });
});
