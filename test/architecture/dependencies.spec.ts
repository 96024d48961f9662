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
      [manifest('package.json'), ...libraries]
        .flatMap((pkg) =>
          Object.keys({ ...pkg.dependencies, ...pkg.devDependencies, ...pkg.peerDependencies }),
        )
        .filter((name) => !ours.has(name)),
    );
    const listed = [...read('docs/dependencies.md').matchAll(/^\| `([^`]+)` \|/gm)].map(([, name]) => name);
    expect(listed.toSorted()).toEqual([...wanted].toSorted());
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

describe('package-lock.json', () => {
  it('names no download address, so that it works with any registry', () => {
    expect(read('package-lock.json')).not.toMatch(/"resolved": "http/);
  });
});

interface Manifest {
  name: string;
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
  peerDependencies?: Record<string, string>;
}
