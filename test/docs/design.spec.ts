import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { read, section } from './pages.js';

/** The folders of the tree in docs/design.md, "Rooms", as paths from the root. */
function foldersOf(tree: string): string[] {
  const folders: string[] = [];
  const parents: string[] = [];
  for (const line of tree.split('\n')) {
    const indent = line.search(/\S/);
    // Names come before the description: `decorators/  discovery/  log/`, or `timing/        instants and triggers`.
    const names = /^\s*((?:[\w.-]+\/)+(?:\s{2}(?:[\w.-]+\/)+)*)/.exec(line)?.[1]?.split(/\s+/);
    if (names === undefined) continue;
    const depth = indent / 2;
    for (const name of names) {
      parents.length = depth;
      parents[depth] = name;
      folders.push(parents.join(''));
    }
  }
  return folders;
}

/** Empty folders are left out: Git does not know them. */
async function subfolders(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const paths = entries.filter((entry) => entry.isDirectory()).map(({ name }) => `${folder}${name}/`);
  const sizes = await Promise.all(paths.map(async (path) => (await readdir(path)).length));
  return paths.filter((_, index) => sizes[index]! > 0);
}

const tree = /```\n(libs\/scheduler\/src\/.*?)```/s.exec(section(await read('docs/design.md'), 'Rooms'))![1]!;
const folders = foldersOf(tree);

describe('docs/design.md', () => {
  it('names folders that exist', () => {
    expect(folders.length).toBeGreaterThan(30);
    expect(folders.filter((folder) => !existsSync(folder))).toEqual([]);
  });

  it('names each room, and each room inside a room whose inside it shows', async () => {
    const shown = folders.filter((folder) =>
      folders.some((other) => other !== folder && other.startsWith(folder)),
    );
    const rooms = await Promise.all(shown.filter((folder) => folder.startsWith('libs/')).map(subfolders));
    expect(rooms.flat().filter((room) => !folders.includes(room))).toEqual([]);
  });
});
