import { describe, expect, it } from 'vitest';
import { allPages, read } from './pages.js';

/** The ts blocks of a page, each with what the comment above it names. */
function quotesOf(page: string): { source: string; text: string }[] {
  const blocks = page.matchAll(/(?:<!-- quote: (\S+) -->\n)?```ts\n(.*?)```/gs);
  return [...blocks].map(
    ([, source = 'a file: write "<!-- quote: file#region -->" above the block', text]) => ({
      source,
      text: text!,
    }),
  );
}

/** What stands between `// #region name` and its end, moved to the left margin. */
async function region(source: string): Promise<string> {
  const [path, name] = source.split('#');
  const lines = (await read(path!)).split('\n');
  const start = lines.findIndex((line) => line.trim() === `// #region ${name}`);
  const length = lines.slice(start).findIndex((line) => line.trim() === '// #endregion');
  if (start === -1 || length === -1) throw new Error(`${path} has no region "${name}".`);
  const inside = lines.slice(start + 1, start + length);
  const indent = Math.min(...inside.filter((line) => line !== '').map((line) => line.search(/\S/)));
  return inside.map((line) => `${line.slice(indent)}\n`).join('');
}

const quotes = await Promise.all(
  (await allPages()).map(async (path) => quotesOf(await read(path)).map((quote) => ({ path, ...quote }))),
);

describe('code in a page is code that the tests compile and run', () => {
  it.each(quotes.flat())('$path quotes $source', async ({ source, text }) => {
    expect(text).toBe(await region(source));
  });
});
