import { every, type JobOrigin, readPolicies } from '@carillon/scheduler/store';
import { describe, expect, it } from 'vitest';
import { eachDatabase, type ScratchDatabase } from '../../../test/servers/each-database.js';
import { COLUMNS } from './schema/columns.js';
import { SqlStore } from './sql-store.js';

const START = Date.UTC(2026, 5, 1);
const OPTIONS = { leaseMs: 30_000, pollMs: 5_000, retention: { ageMs: null, perJob: null } };

async function openReplica(
  scratch: ScratchDatabase,
  replica: string,
  zoneVersion?: string,
): Promise<SqlStore> {
  const store = new SqlStore({ options: OPTIONS, connect: () => scratch.open() });
  const concurrency = { whole: null, groups: { few: 1 } };
  const session = { replica, zoneVersion, concurrency, handlers: () => ['work'] };
  await store.open({ ...session, onHint: () => undefined });
  return store;
}

describe.each(eachDatabase)('declarations in %s', (_, database) => {
  it.each([
    ['all tables', Object.keys(COLUMNS)],
    ['jobs', ['jobs']],
    ['schedules', ['schedules']],
  ])('come back at the next beat after rows have vanished of %s, and run (D2)', async (_which, tables) => {
    const scratch = await database.scratch();
    const [a, b] = [await openReplica(scratch, 'a'), await openReplica(scratch, 'b')];
    const other = await scratch.open();
    try {
      const put = (store: SqlStore, id: string, origin: JobOrigin) => {
        const trigger = every(origin === 'added' ? '1h' : '10s').bind({ jobId: id, anchorAt: START });
        const policies = readPolicies({ group: 'few' });
        const spec = {
          id,
          trigger,
          handler: 'work',
          payload: undefined,
          policies,
          origin,
          disabled: false,
        };
        return store.putJob(spec, 'replace', START);
      };
      await put(a, 'both', 'declared');
      await put(b, 'both', 'declared');
      await put(b, 'of b', 'declared');
      await put(a, 'added', 'added');
      for (const store of [a, b]) await store.beat(START + 1_000);
      for (const table of tables as (keyof typeof COLUMNS)[]) await other.kysely.deleteFrom(table).execute();

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

  it('of a replica with older time zone data leave the ticks of newer data alone (Z5)', async () => {
    const scratch = await database.scratch();
    const newer = await openReplica(scratch, 'newer', '2026c');
    const other = await scratch.open();
    let older: SqlStore | null = null;
    try {
      const trigger = every('1h').bind({ jobId: 'one', anchorAt: START });
      const policies = readPolicies({});
      const spec = { id: 'one', trigger, handler: 'work', payload: undefined, policies, disabled: false };
      await newer.putJob({ ...spec, origin: 'declared' }, 'replace', START);
      expect((await newer.beat(START)).newerZoneData).toBeNull();
      // The two would compute different ticks.
      const movedAt = START + 1_800_000;
      const moved = { next_tick_at: movedAt, due_at: movedAt };
      const stored = async () =>
        other.kysely.selectFrom('schedules').select(['next_tick_at', 'tzdata']).executeTakeFirstOrThrow();
      await other.kysely.updateTable('schedules').set(moved).execute();

      older = await openReplica(scratch, 'older', '2025c');
      await older.putJob({ ...spec, origin: 'declared' }, 'replace', START + 1);
      expect((await older.beat(START + 2)).newerZoneData).toBe('2026c');
      await older.claimDue({ now: START + 3, limit: 10 });
      expect(await stored()).toEqual({ next_tick_at: movedAt, tzdata: '2026c' });

      // A tick that the older one schedules is computed anew at the next beat of the newer one.
      await older.changeJob('one', { kind: 'pause', note: null, by: null, until: null }, START + 4);
      await older.changeJob('one', { kind: 'resume' }, START + 5);
      expect(await stored()).toMatchObject({ tzdata: '2025c' });
      await other.kysely.updateTable('schedules').set(moved).execute();
      expect((await newer.beat(START + 6)).newerZoneData).toBeNull();
      expect(await stored()).toEqual({ next_tick_at: START + 3_600_000, tzdata: '2026c' });
    } finally {
      await other.close();
      await older?.close();
      await newer.close();
      await scratch.drop();
    }
  });
});
