import { readdir, readFile } from 'node:fs/promises';

const ROOT = new URL('../../', import.meta.url);

/** A file of the repository, by its path from the root. */
export function read(path: string): Promise<string> {
  return readFile(new URL(path, ROOT), 'utf8');
}

/** The paths of all pages under docs/, and of those at the root. */
export async function allPages(): Promise<string[]> {
  const under = await readdir(new URL('docs/', ROOT), { recursive: true });
  const root = await readdir(ROOT);
  return [...under.map((path) => `docs/${path}`), ...root].filter((path) => path.endsWith('.md')).toSorted();
}

/** What stands under a heading, up to the next of its level or above. */
export function section(page: string, heading: string): string {
  const lines = page.split('\n');
  const start = lines.findIndex((line) => /^#+ /.test(line) && line.replace(/^#+ /, '') === heading);
  if (start === -1) throw new Error(`There is no heading "${heading}".`);
  const level = lines[start]!.indexOf(' ');
  const length = lines.slice(start + 1).findIndex((line) => /^#+ /.test(line) && line.indexOf(' ') <= level);
  return lines.slice(start + 1, length === -1 ? undefined : start + 1 + length).join('\n');
}

/** The rows of all tables in a text, without their heads; cells trimmed. */
export function rows(text: string): string[][] {
  const lines = text.split('\n');
  return lines
    .filter((line, index) => line.startsWith('|') && !isRule(line) && !isRule(lines[index + 1] ?? ''))
    .map((line) =>
      line
        .split(/(?<!\\)\|/)
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
}

/** The first `code` of a cell; the empty string when it has none. */
export function code(cell: string): string {
  return /`([^`]*)`/.exec(cell)?.[1] ?? '';
}

/** All `code` of a cell that stands as a field: at its start, or after a comma. */
export function fields(cell: string): string[] {
  return [...cell.matchAll(/(?:^|, )`([^`]*)`/g)].map(([, name]) => name!);
}

function isRule(line: string): boolean {
  return /^\|[-| :]+\|$/.test(line);
}
