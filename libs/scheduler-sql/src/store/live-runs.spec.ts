import { type Claim, every, NO_LIMITS, readPolicies } from '@carillon/scheduler/store';
import { describe, expect, it } from 'vitest';
import { eachDatabase, type Place } from '../../../../test/servers/each-database.js';
import { SqlStore } from './sql-store.js';

const START = Date.UTC(2026, 5, 1);
const MINUTE_MS = 60_000;
const OPTIONS = { leaseMs: 30_000, pollMs: 5_000, retention: { ageMs: null, perJob: null } };

async function openReplica(place: Place, replica: string): Promise<SqlStore> {
  const store = new SqlStore({ options: OPTIONS, connect: () => place.open() });
  await store.open({ replica, concurrency: NO_LIMITS, handlers: () => ['work'], onHint: () => undefined });
  return store;
}

const end = (claim: Claim, endedAt: number) => ({
  claim,
  result: { kind: 'succeeded', value: undefined } as const,
  startedAt: endedAt,
  endedAt,
  durationMs: 0,
  retryAt: null,
});

describe.each(eachDatabase)('live runs in %s', (_, database) => {
  it('are found also where the replica that made the later one is behind in time', async () => {
    const place = await database.place();
    const [ahead, behind] = await Promise.all([openReplica(place, 'ahead'), openReplica(place, 'behind')]);
    try {
      const trigger = every('1h').bind({ jobId: 'job', anchorAt: START });
      const policies = readPolicies({ overlap: 'queueAll' });
      const job = { id: 'job', trigger, handler: 'work', payload: undefined, policies };
      await ahead.putJob({ ...job, origin: 'added', disabled: false }, 'error', START);
      const now = START + MINUTE_MS;
      await ahead.requestRun({ jobId: 'job', payload: 'first', now });
      await behind.requestRun({ jobId: 'job', payload: 'second', now: START });

      const [first, ...others] = (await ahead.claimDue({ now, limit: 10 })).claims;
      expect([first!.payload, others]).toEqual(['first', []]);
      await ahead.settle(end(first!, now), false);
      const [second] = (await behind.claimDue({ now, limit: 10 })).claims;
      expect(second!.payload).toBe('second');
      await behind.settle(end(second!, now), false);
      expect(await ahead.getJob('job')).toMatchObject({ alive: 0 });
    } finally {
      await ahead.close();
      await behind.close();
      await place.drop();
    }
  });
});
