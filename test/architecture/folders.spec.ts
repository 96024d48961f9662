import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { LIBRARIES, publishedFiles, ROOT } from './source-files.js';
import { HOUSES } from './rooms.js';

const MOST_FILES = 20;

describe('a folder', () => {
  it('that is too full is reported', () => {
    const paths = Array.from({ length: MOST_FILES + 1 }, (_, at) => `libs/a/src/room/file-${at}.ts`);
    expect(tooFull(paths)).toEqual(['libs/a/src/room has 21 files']);
    expect(tooFull(paths.slice(1))).toEqual([]);
    expect(tooFull([...paths.slice(1), 'libs/a/src/room/inner/file.ts'])).toEqual([]);
  });

  it.each(LIBRARIES)(`of libs/%s holds at most ${MOST_FILES} files that are not specs`, (name) => {
    expect(tooFull(publishedFiles(name).map(({ path }) => path))).toEqual([]);
  });
});

describe.each(Object.entries(HOUSES))('libs/%s', (name, { files, rooms }) => {
  const entries = readdirSync(join(ROOT, 'libs', name, 'src'), { withFileTypes: true });

  it('has the rooms of the table, and no other', () => {
    const folders = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
    expect(folders.toSorted()).toEqual(Object.keys(rooms).toSorted());
  });

  it.each(Object.entries(rooms).flatMap(([room, { inner }]) => (inner ? [[room, inner] as const] : [])))(
    'has the rooms of the table in %s, and no other',
    (room, inner) => {
      const inside = readdirSync(join(ROOT, 'libs', name, 'src', room), { withFileTypes: true });
      const folders = inside.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
      expect(folders.toSorted()).toEqual(inner.toSorted());
    },
  );

  it('has the files of the table beside them, and no other', () => {
    const beside = entries.filter((entry) => entry.isFile() && !entry.name.endsWith('.spec.ts'));
    expect(beside.map((entry) => entry.name).toSorted()).toEqual(
      files.map((file) => `${file}.ts`).toSorted(),
    );
  });
});

describe('the table of rooms', () => {
  it.each(Object.entries(HOUSES))('of %s lets imports go one way', (_, { rooms }) => {
    const names = Object.keys(rooms);
    for (const [room, { sees }] of Object.entries(rooms)) {
      for (const other of sees)
        expect(names.indexOf(other), `${room} sees ${other}`).toBeLessThan(names.indexOf(room));
    }
  });
});

function tooFull(paths: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const path of paths) {
    const folder = path.slice(0, path.lastIndexOf('/'));
    counts.set(folder, (counts.get(folder) ?? 0) + 1);
  }
  return [...counts]
    .filter(([, count]) => count > MOST_FILES)
    .map(([folder, count]) => `${folder} has ${count} files`);
}
