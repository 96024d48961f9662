import { type Claim, every, NO_LIMITS, readPolicies } from '@carillon/scheduler/store';
import { expect, it, describe } from 'vitest';
import { SqlStore } from '../../../libs/scheduler-sql/src/sql-store.js';
import { eachDatabase, type ScratchDatabase } from '../../servers/each-database.js';

const START = Date.UTC(2026, 5, 1);
const ROUNDS = 30;
const JOBS = ['a', 'b', 'c'];
const OPTIONS = { leaseMs: 3_600_000, pollMs: 5_000, retention: { ageMs: null, perJob: null } };

async function openReplica(scratch: ScratchDatabase, replica: string): Promise<SqlStore> {
  const store = new SqlStore({ options: OPTIONS, connect: () => scratch.open() });
  await store.open({ replica, concurrency: NO_LIMITS, handlers: () => ['work'], onHint: () => undefined });
  return store;
}

/** By whichever store holds the claim. */
async function completed(stores: readonly SqlStore[], claim: Claim, now: number): Promise<void> {
  const times = { startedAt: now, endedAt: now, durationMs: 0, retryAt: null };
  const completion = { claim, result: { kind: 'succeeded', value: undefined } as const, ...times };
  const effects: string[] = [];
  for (const store of stores) effects.push(await store.complete(completion, false));
  expect(effects).toContain('recorded');
}

describe.each(eachDatabase)('two claims at once in %s', (_, database) => {
  it.each([
    ['alive', false],
    ['in the history', true],
  ])(
    'start at most one run a tick, also with a schedule set back by hand while its run is %s',
    async (_where, isOver) => {
      const scratch = await database.scratch();
      const stores = [await openReplica(scratch, 'one'), await openReplica(scratch, 'two')] as const;
      const { kysely } = await scratch.open();
      try {
        for (const id of JOBS) {
          const trigger = every('1s').bind({ jobId: id, anchorAt: START });
          const job = {
            id,
            trigger,
            handler: 'work',
            payload: undefined,
            policies: readPolicies({ overlap: 'allow' }),
          };
          await stores[0].putJob({ ...job, origin: 'added', disabled: false }, 'error', START);
        }
        const starts: string[] = [];
        for (let round = 1; round <= ROUNDS; round++) {
          const now = START + round * 1_000;
          const before = await kysely
            .selectFrom('schedules')
            .select(['id', 'due_at', 'next_tick_at'])
            .execute();
          const apart = round % 3 === 0 ? 400 : 0;
          const claim = async () => {
            const both = [
              stores[0].claimDue({ now, limit: 10 }),
              stores[1].claimDue({ now: now + apart, limit: 10 }),
            ];
            return (await Promise.all(both)).flatMap(({ claims }) => claims);
          };
          const claims: Claim[] = await claim();
          if (round % 2 === 0) {
            if (isOver) for (const one of claims) await completed(stores, one, now);
            // Only the keys of the tables can refuse the ticks now.
            for (const { id, ...set } of before)
              await kysely
                .updateTable('schedules')
                .set({ ...set, last_tick_at: null })
                .where('id', '=', id)
                .execute();
            claims.push(...(await claim()));
          }
          for (const { jobId, scheduledAt } of claims) starts.push(`${jobId} ${scheduledAt}`);
        }
        expect(starts).toHaveLength(ROUNDS * JOBS.length);
        expect(new Set(starts).size).toBe(starts.length);
      } finally {
        await kysely.destroy();
        for (const store of stores) await store.close();
        await scratch.drop();
      }
    },
  );
});
