import { describe, expect, it } from 'vitest';
import { read } from './pages.js';

const page = await read('docs/what-is-promised.md');
const [promised, excluded] = page.split('## What is not promised') as [string, string];

/** The promises, each with the tests that its list names. */
const promises = promised
  .split(/^### /m)
  .slice(1)
  .map((text) => ({
    promise: text.split('\n')[0]!,
    tests: [...text.matchAll(/^- `(\S+)` · (.+)$/gm)].map(([, file, name]) => ({ file: file!, name: name! })),
  }));

describe('docs/what-is-promised.md', () => {
  it.each(promises)('holds by tests: $promise', ({ tests }) => {
    expect(tests).not.toEqual([]);
  });

  it.each(promises.flatMap(({ tests }) => tests))(
    'names a test that exists: $name',
    async ({ file, name }) => {
      const source = await read(file);
      // The title of a test, or the name of a case of the contract, begins with it.
      expect(
        ["'", '`', '"'].some((quote) => source.includes(quote + name)),
        `${file}: ${name}`,
      ).toBe(true);
      expect(source, `${file} skips tests`).not.toMatch(/\b(it|describe)(\.\w+)*\.(skip|only|todo)\b/);
    },
  );

  it('holds no test against what is not promised', () => {
    expect(excluded).not.toContain('` · ');
  });

  it('claims tests of the contract that are run for each store', async () => {
    const suite = await read('libs/scheduler/src/testing/store-contract/store-contract.ts');
    const cited = promises.flatMap(({ tests }) => tests.map(({ file }) => file));
    const cases = cited.flatMap((file) => /store-contract\/(\S+-cases)\.ts$/.exec(file)?.[1] ?? []);
    expect(cases.filter((name) => !suite.includes(`./${name}.js`))).toEqual([]);
    expect(await read('test/contract/sql-stores.spec.ts')).toContain('storeContract(');
  });
});
