import { every, readPolicies } from '@carillon/scheduler/store';
import { describe, expect, it } from 'vitest';
import { eachDatabase } from '../../../../test/servers/each-database.js';
import { SqlStore } from '../sql-store.js';

const START = Date.UTC(2026, 5, 1);
const OPTIONS = { leaseMs: 30_000, pollMs: 5_000, retention: { ageMs: null, perJob: null } };
const MANY = 40;

describe.each(eachDatabase)('many runs that are queued to catch up in %s', (_, database) => {
  it('run one after the other, oldest first, and those left are cancelled with their job', async () => {
    const scratch = await database.scratch();
    const store = new SqlStore({ options: OPTIONS, connect: () => scratch.open() });
    const concurrency = { whole: null, groups: {} };
    await store.open({ replica: 'a', concurrency, handlers: () => ['work'], onHint: () => undefined });
    try {
      const trigger = every('1h').bind({ jobId: 'one', anchorAt: START - MANY * 3_600_000 });
      const policies = readPolicies({ overlap: 'queueOne' });
      await store.putJob(
        {
          id: 'one',
          trigger,
          handler: 'work',
          payload: undefined,
          policies,
          origin: 'added',
          disabled: false,
        },
        'error',
        START,
      );
      const span = { fromAt: START - MANY * 3_600_000, toAt: START, force: false, dryRun: false, most: 100 };
      const { count } = (await store.backfill({ jobId: 'one', ...span, now: START }))!;
      expect(count).toBe(MANY);
      const done: number[] = [];
      for (let now = START; done.length < MANY / 2; now += 1_000) {
        const { claims } = await store.claimDue({ now, limit: 100 });
        expect(claims).toHaveLength(1);
        done.push(claims[0]!.standsForAt!);
        expect((await store.getJob('one'))!.alive).toBe(MANY + 1 - done.length);
        const result = { kind: 'succeeded', value: 1 } as const;
        const completion = {
          claim: claims[0]!,
          result,
          startedAt: now,
          endedAt: now,
          durationMs: 0,
          retryAt: null,
        };
        expect(await store.complete(completion, false)).toBe('recorded');
      }
      expect(done).toEqual(done.toSorted((one, other) => one - other));
      const removed = await store.changeJob('one', { kind: 'remove' }, START + 60_000);
      expect(removed!.recorded).toHaveLength(MANY - done.length);
      expect(await store.listRuns({ state: 'queued' })).toEqual([]);
    } finally {
      await store.close();
      await scratch.drop();
    }
  });
});
