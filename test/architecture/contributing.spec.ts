import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SERVERS } from '../servers/server-kinds.js';
import { HOUSES } from './rooms.js';
import { ROOT } from './source-files.js';

const page = readFileSync(join(ROOT, 'CONTRIBUTING.md'), 'utf8');

/** Where a path of the page may begin. */
const BASES = [
  '',
  'libs/scheduler',
  'libs/scheduler/src',
  'libs/scheduler-sql/src',
  'libs/scheduler-sql/src/migrations',
];

describe('CONTRIBUTING.md', () => {
  it('names paths that exist', () => {
    const paths = pathsIn(page);
    expect(paths.length).toBeGreaterThan(60);
    expect(paths.filter((path) => !BASES.some((base) => existsSync(join(ROOT, base, path))))).toEqual([]);
  });

  it('names commands that exist', () => {
    const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
      scripts: Record<string, string>;
    };
    const named = [...page.matchAll(/npm run ([\w:]+)/g)].map(([, name]) => name!);
    expect(named.filter((name) => scripts[name] === undefined)).toEqual([]);
  });

  it.each(Object.values(SERVERS))('says that tests use the server at $variable', ({ variable, install }) => {
    const row = page.split('\n').find((line) => line.startsWith('|') && line.includes(`\`${variable}\``));
    expect(row).toContain(`\`${install}\``);
  });

  it.each(Object.entries(HOUSES))('has the rooms of %s in its map, with their duties', (name, { rooms }) => {
    const start = page.indexOf(`| \`libs/${name}/src/\` | duty |`);
    const map = page.slice(start, page.indexOf('\n\n', start)).split('\n').slice(2);
    expect(map.toSorted()).toEqual(
      Object.entries(rooms)
        .map(([room, { duty }]) => `| \`${room}/\` | ${duty} |`)
        .toSorted(),
    );
  });
});

it('finds the paths in a text', () => {
  expect(
    pathsIn('`a/b.ts` and `c/`, [d](e/f.md), `g.json`; not `run`, `npm x`, `@a/b`, `*.ts`, `make-….ts`'),
  ).toEqual(['a/b.ts', 'c/', 'g.json', 'e/f.md']);
});

/** Words in backticks that look like a path, and the targets of links. */
function pathsIn(text: string): string[] {
  const quoted = [...text.matchAll(/`([^`\n]+)`/g)].map(([, word]) => word!);
  const looksLikePath = quoted.filter((word) => /^[\w.][\w./-]*(\/|\.(ts|js|json|md))$/.test(word));
  const links = [...text.matchAll(/\]\(([^)#\s]+)/g)].map(([, target]) => target!);
  return [...looksLikePath, ...links];
}
