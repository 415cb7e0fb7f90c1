/**
 * Adds to package-lock.json what `npm install` leaves out where its registry lacks packages for other platforms: entries of
 * optional dependencies. Without them `npm ci` refuses the lock file. Run it after `npm install`: `tsx scripts/complete-lock.ts`.
 */

import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

interface LockedPackage {
  readonly version?: string;
  readonly os?: readonly string[];
  readonly cpu?: readonly string[];
  readonly libc?: readonly string[];
  readonly dev?: boolean;
  readonly optional?: boolean;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

export interface LockFile {
  readonly packages: Readonly<Record<string, LockedPackage>>;
}

interface Missing {
  readonly name: string;
  readonly version: string;
  readonly dev: boolean;
}

/** Optional dependencies that have no entry where Node would look for them. */
export function missingOptional({ packages }: LockFile): Missing[] {
  return Object.entries(packages).flatMap(([path, { optionalDependencies = {}, dev = false }]) =>
    Object.entries(optionalDependencies)
      .filter(([name]) => !foldersAbove(path).some((folder) => packages[`${folder}node_modules/${name}`]))
      .map(([name, version]) => ({ name, version, dev })),
  );
}

/** `node_modules/a/node_modules/b` → itself, `node_modules/a`, the top; each ready for a name behind it. */
function foldersAbove(path: string): string[] {
  const levels = path.split(/(?=node_modules\/)/);
  return levels
    .map((_, i) => levels.slice(0, levels.length - i).join(''))
    .map((folder, i) => (i === 0 ? `${folder}/` : folder))
    .concat('');
}

/** The lock file with those entries. Their platform is read from their names: `@rollup/rollup-linux-x64-musl`. */
export function completed<L extends LockFile>(lock: L): L {
  const added = missingOptional(lock).map(({ name, version, dev }): [string, LockedPackage] => {
    const platform =
      /-(android|darwin|freebsd|linux|netbsd|openbsd|openharmony|sunos|win32)-(\w+)(?:-(\w+))?$/;
    const [, os, cpu, abi] = platform.exec(name) ?? [];
    if (!os || !cpu || !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))
      throw new Error(`${name}@${version}: cannot tell its platform or version`);
    const libc = os === 'linux' && (abi?.startsWith('musl') ? 'musl' : 'glibc');
    const entry = {
      version,
      cpu: [cpu],
      ...(dev && { dev }),
      ...(libc && { libc: [libc] }),
      optional: true,
      os: [os],
    };
    return [`node_modules/${name}`, entry];
  });
  const sorted = [...Object.entries(lock.packages), ...added].sort(([a], [b]) => a.localeCompare(b, 'en'));
  return { ...lock, packages: Object.fromEntries(sorted) };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const file = fileURLToPath(new URL('../package-lock.json', import.meta.url));
  const lock = JSON.parse(readFileSync(file, 'utf8')) as LockFile;
  writeFileSync(file, `${JSON.stringify(completed(lock), null, 2)}\n`);
}
