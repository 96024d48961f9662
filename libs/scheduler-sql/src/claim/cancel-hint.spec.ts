import { every, NO_LIMITS, readPolicies } from '@carillon/scheduler/store';
import { describe, expect, it } from 'vitest';
import { eachDatabase, type ScratchDatabase } from '../../../../test/servers/each-database.js';
import { SqlStore } from '../sql-store.js';

const START = Date.UTC(2026, 5, 1);
const OPTIONS = { leaseMs: 30_000, pollMs: 5_000, retention: { ageMs: null, perJob: null } };

async function openReplica(
  scratch: ScratchDatabase,
  replica: string,
  onHint: (hint: string) => void,
): Promise<SqlStore> {
  const store = new SqlStore({ options: OPTIONS, connect: () => scratch.open() });
  await store.open({ replica, concurrency: NO_LIMITS, handlers: () => ['work'], onHint });
  return store;
}

// Without hints the holder learns of it when it renews.
describe.each(eachDatabase.filter(([, { kind }]) => kind === 'postgres'))(
  'a cancel hint in %s',
  (_, database) => {
    it('reaches the holder of a run that another replica has cancelled', async () => {
      const scratch = await database.scratch();
      let heed = (): void => undefined;
      const hinted = new Promise<void>((resolve) => (heed = resolve));
      const holder = await openReplica(scratch, 'holder', (hint) => hint === 'cancel' && heed());
      const other = await openReplica(scratch, 'other', () => undefined);
      try {
        const trigger = every('1h').bind({ jobId: 'job', anchorAt: START });
        const policies = readPolicies({ overlap: 'cancelPrevious' });
        const job = { id: 'job', trigger, handler: 'work', payload: undefined, policies };
        await holder.putJob({ ...job, origin: 'added', disabled: false }, 'error', START);
        await holder.requestRun({ jobId: 'job', payload: undefined, now: START });
        const { claims } = await holder.claimDue({ now: START, limit: 10 });
        expect(claims.length).toBe(1);
        await other.requestRun({ jobId: 'job', payload: undefined, now: START + 1 });
        await hinted;
        expect(await holder.renew(claims, START + 2)).toEqual({ lost: [], cancelled: claims });
      } finally {
        await holder.close();
        await other.close();
        await scratch.drop();
      }
    });
  },
);
