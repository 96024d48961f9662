import { describe, expect, it } from 'vitest';
import { MemoryStore } from '../../libs/scheduler/src/memory/index.js';
import { storeContract, type StoreHome } from '../../libs/scheduler/src/testing/index.js';

function memoryHome(): StoreHome {
  let store: MemoryStore;
  return {
    store: (concurrency) => (store = new MemoryStore({ runsPerJob: 1_000, runsTotal: 10_000, concurrency })),
    spoil: (jobId) => {
      // What is in memory cannot be misread, but a trigger can break.
      const { trigger } = store.getJob(jobId)!;
      trigger.nextAt = () => {
        throw new RangeError('The trigger is broken.');
      };
    },
  };
}

describe('the memory store', () => {
  const cases = storeContract({ makeHome: memoryHome, leased: false });
  it.each(cases.map(({ name, run }) => [name, run] as const))('%s', async (_name, run) => {
    await expect(run()).resolves.toBeUndefined();
  });
});
