import { every, type JobOrigin, readPolicies } from '@carillon/scheduler/store';
import { describe, expect, it } from 'vitest';
import { eachDatabase, type ScratchDatabase } from '../../../test/servers/each-database.js';
import { SqlStore } from './sql-store.js';

const START = Date.UTC(2026, 5, 1);
const OPTIONS = { leaseMs: 30_000, pollMs: 5_000, retention: { ageMs: null, perJob: null } };

async function openReplica(scratch: ScratchDatabase, replica: string): Promise<SqlStore> {
  const store = new SqlStore({ options: OPTIONS, connect: () => scratch.open() });
  const concurrency = { whole: null, groups: { few: 1 } };
  await store.open({ replica, concurrency, handlers: () => ['work'], onHint: () => undefined });
  return store;
}

describe.each(eachDatabase)('declarations in %s', (_, database) => {
  it('come back at the next beat after all rows have vanished, and run (D2)', async () => {
    const scratch = await database.scratch();
    const [a, b] = [await openReplica(scratch, 'a'), await openReplica(scratch, 'b')];
    const other = await scratch.open();
    try {
      const put = (store: SqlStore, id: string, origin: JobOrigin) => {
        const trigger = every('10s').bind({ jobId: id, anchorAt: START });
        const policies = readPolicies({ group: 'few' });
        const spec = { id, trigger, handler: 'work', payload: undefined, policies, origin, disabled: false };
        return store.putJob(spec, 'replace', START);
      };
      await put(a, 'both', 'declared');
      await put(b, 'both', 'declared');
      await put(b, 'of b', 'declared');
      await put(a, 'added', 'added');
      for (const store of [a, b]) await store.beat(START + 1_000);
      for (const table of ['jobs', 'runs', 'replicas', 'groups'] as const)
        await other.kysely.deleteFrom(table).execute();

      expect((await a.beat(START + 2_000)).changed).toEqual([{ kind: 'added', jobId: 'both' }]);
      expect((await b.beat(START + 2_000)).changed).toEqual([{ kind: 'added', jobId: 'of b' }]);
      expect((await a.beat(START + 3_000)).changed).toEqual([]);
      expect((await a.listJobs({})).map(({ id }) => id)).toEqual(['both', 'of b']);
      const { claims } = await a.claimDue({ now: START + 10_000, limit: 10 });
      expect(claims.map(({ jobId }) => jobId)).toEqual(['both']);
    } finally {
      await other.close();
      await a.close();
      await b.close();
      await scratch.drop();
    }
  });
});
