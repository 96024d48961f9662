import { deserialize, serialize } from 'node:v8';
import { describe, expect, it } from 'vitest';
import { storeContract, type StoreHome } from '@carillon/scheduler/testing';
import { read } from '../../docs/pages.js';
import { ledgerWorlds } from '../../engine/ledger/ledger-worlds.js';
import { MemoryCell } from './memory-cell.js';
import { SmallStore } from './small-store.js';

describe('the small store of the guide', () => {
  it('is shown whole, in fewer than 400 lines', async () => {
    const guide = await read('docs/guides/writing-a-store.md');
    const shown = [...guide.matchAll(/<!-- quote: (\S+)#\w+ -->\n```ts\n(.*?)```/gs)];
    const ofStore = shown.filter(([, path]) => /small-store\/(document|small-store)\.ts$/.test(path!));
    expect(ofStore.length).toBe(2);
    expect(ofStore.reduce((lines, [, , text]) => lines + text!.split('\n').length - 1, 0)).toBeLessThan(400);
  });

  it('gives each due time exactly one outcome, in 20 random worlds', { timeout: 120_000 }, async () => {
    const makeStore = () => {
      const cell = new MemoryCell();
      return { open: () => new SmallStore(cell, 600_000, 5_000) };
    };
    const command = 'npx vitest run test/guides/small-store';
    expect(await ledgerWorlds({ makeStore, worlds: 20, seed: 20_261_128, command })).toBe(20);
  });

  // #region contract
  function makeHome(): StoreHome {
    const cell = new MemoryCell();
    return {
      store: () => new SmallStore(cell, 120_000, 5_000),
      spoil: async (jobId) => {
        const { bytes, revision } = await cell.read();
        const document = deserialize(bytes!) as { jobs: Map<string, { trigger: string }> };
        document.jobs.get(jobId)!.trigger = '{"type":';
        await cell.write(serialize(document), revision);
      },
    };
  }

  const cases = storeContract({ makeHome, leased: true });
  it.each(cases.map(({ name, run }) => [name, run] as const))('%s', async (_name, run) => {
    await expect(run()).resolves.toBeUndefined();
  });
  // #endregion
});
