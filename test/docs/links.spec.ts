import { posix } from 'node:path';
import { existsSync } from 'node:fs';
import { expect, it } from 'vitest';
import { allPages, read } from './pages.js';

const ROOT = new URL('../../', import.meta.url);

/** As GitHub makes them. */
function anchors(page: string): string[] {
  return page
    .split('\n')
    .filter((line) => /^#+ /.test(line))
    .map((line) =>
      line
        .replace(/^#+ /, '')
        .toLowerCase()
        .replace(/[^\w\s-]/g, '')
        .replace(/\s/g, '-'),
    );
}

it.each(await allPages())('the links of %s lead somewhere', async (path) => {
  const broken: string[] = [];
  for (const [, link] of (await read(path)).matchAll(/\]\(([^)\s]+)\)/g)) {
    if (/^[a-z]+:/.test(link!)) continue;
    const [target, anchor] = link!.split('#') as [string, string?];
    const file = target === '' ? path : posix.join(posix.dirname(path), target);
    const isThere = existsSync(new URL(file, ROOT));
    if (!isThere || (anchor !== undefined && !anchors(await read(file)).includes(anchor))) broken.push(link!);
  }
  expect(broken).toEqual([]);
});
