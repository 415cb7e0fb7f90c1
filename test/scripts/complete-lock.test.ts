import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { completed, type LockFile, missingOptional } from '../../scripts/complete-lock.ts';

describe('package-lock.json', () => {
  it('has an entry for every optional dependency, or npm ci refuses it: run scripts/complete-lock.ts', () => {
    expect(missingOptional(JSON.parse(readFileSync('package-lock.json', 'utf8')) as LockFile)).toEqual([]);
  });
});

describe('completed', () => {
  const lock: LockFile = {
    packages: {
      '': {},
      'node_modules/a': {
        version: '1.0.0',
        dev: true,
        optionalDependencies: { '@a/a-linux-x64-musl': '1.0.0', '@a/a-win32-ia32-msvc': '1.0.0' },
      },
      'node_modules/b': { version: '2.0.0', optionalDependencies: { c: '^3.0.0' } },
      'node_modules/b/node_modules/c': { version: '3.1.0', optional: true },
    },
  };

  it('adds what is missing, with its platform', () => {
    const { packages } = completed(lock);
    expect(packages['node_modules/@a/a-linux-x64-musl']).toEqual({
      version: '1.0.0',
      cpu: ['x64'],
      dev: true,
      libc: ['musl'],
      optional: true,
      os: ['linux'],
    });
    expect(packages['node_modules/@a/a-win32-ia32-msvc']).toMatchObject({ cpu: ['ia32'], os: ['win32'] });
    expect(Object.keys(packages)[0]).toBe('');
    expect(missingOptional({ packages })).toEqual([]);
    expect(completed({ packages })).toEqual({ packages });
  });

  it('guesses nothing', () => {
    const unknown: LockFile = {
      packages: { 'node_modules/a': { optionalDependencies: { fsevents: '~2.3.3' } } },
    };
    expect(() => completed(unknown)).toThrow('fsevents@~2.3.3: cannot tell its platform or version');
  });
});
