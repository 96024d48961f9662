import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const manifest = (path: string): Manifest => JSON.parse(read(path)) as Manifest;

describe('docs/dependencies.md', () => {
  it('has one line for each dependency, and no other', () => {
    const libraries = readdirSync(join(ROOT, 'libs')).map((name) => manifest(`libs/${name}/package.json`));
    const ours = new Set(libraries.map(({ name }) => name));
    const wanted = new Set(
      [manifest('package.json'), manifest('bench/package.json'), ...libraries]
        .flatMap((pkg) =>
          Object.keys({ ...pkg.dependencies, ...pkg.devDependencies, ...pkg.peerDependencies }),
        )
        .filter((name) => !ours.has(name)),
    );
    const cells = [...read('docs/dependencies.md').matchAll(/^\| (`[^|]+`) \|/gm)].map(([, cell]) => cell!);
    const listed = cells.flatMap((cell) => cell.replaceAll('`', '').split(', '));
    expect([...new Set(listed)].toSorted()).toEqual([...wanted].toSorted());
  });
});

describe('a library', () => {
  it.each(readdirSync(join(ROOT, 'libs')))('%s asks for versions that the tests run with', (name) => {
    const { dependencies, devDependencies } = manifest('package.json');
    const ours = { ...devDependencies, ...dependencies };
    for (const [dependency, range] of Object.entries(
      manifest(`libs/${name}/package.json`).dependencies ?? {},
    )) {
      expect(range, dependency).toBe(ours[dependency]);
    }
  });
});

describe('the bench', () => {
  it('measures the library with the versions that the tests run with', () => {
    const [ours, theirs] = [lock('package-lock.json'), lock('bench/package-lock.json')];
    const { dependencies, devDependencies } = manifest('bench/package.json');
    const shared = Object.keys({ ...dependencies, ...devDependencies }).filter((name) => ours.has(name));
    expect(shared).toContain('cron-parser');
    for (const name of shared) expect(theirs.get(name), name).toBe(ours.get(name));
    // Anything else that both have would take the place of the root's in what the library imports.
    const imported = Object.keys({ ...manifest('package.json').dependencies });
    expect(imported.filter((name) => theirs.has(name) && !shared.includes(name))).toEqual([]);
  });
});

describe.each(['package-lock.json', 'bench/package-lock.json'])('%s', (path) => {
  it('names no download address, so that it works with any registry', () => {
    expect(read(path)).not.toMatch(/"resolved": "http/);
  });
});

/** The version at the top of each dependency's tree. */
function lock(path: string): Map<string, string> {
  const { packages } = JSON.parse(read(path)) as { packages: Record<string, { version: string }> };
  return new Map(
    Object.entries(packages).map(([folder, { version }]) => [folder.replace(/^node_modules\//, ''), version]),
  );
}

interface Manifest {
  name: string;
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
  peerDependencies?: Record<string, string>;
}
