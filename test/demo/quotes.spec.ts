import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';

const ROOT = new URL('../../', import.meta.url);
const QUOTING = ['README.md', 'docs/guides/coming-from-apscheduler.md'];

interface Quote {
  source: string;
  text: string;
}

const read = (path: string): Promise<string> => readFile(new URL(path, ROOT), 'utf8');

/** The ts blocks of a page, each with what the comment above it names. */
function quotesOf(page: string): Quote[] {
  const blocks = page.matchAll(/(?:<!-- quote: (\S+) -->\n)?```ts\n(.*?)```/gs);
  return [...blocks].map(([, source = 'no comment "quote: file#region" above it', text = '']) => ({
    source,
    text,
  }));
}

/** What stands between `// #region name` and its end, moved to the left margin. */
async function region(source: string): Promise<string> {
  const [path = '', name = ''] = source.split('#');
  const lines = (await read(path)).split('\n');
  const start = lines.findIndex((line) => line.trim() === `// #region ${name}`);
  const length = lines.slice(start).findIndex((line) => line.trim() === '// #endregion');
  if (start === -1 || length === -1) throw new Error(`${path} has no region "${name}".`);
  const inside = lines.slice(start + 1, start + length);
  const indent = Math.min(...inside.filter((line) => line !== '').map((line) => line.search(/\S/)));
  return inside.map((line) => `${line.slice(indent)}\n`).join('');
}

describe.each(QUOTING)('%s', async (path) => {
  const quotes = quotesOf(await read(path));

  it('has code', () => {
    expect(quotes).not.toHaveLength(0);
  });

  it.each(quotes)('quotes $source as it is', async ({ source, text }) => {
    expect(text).toBe(await region(source));
  });
});
