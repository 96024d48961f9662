import { type AttemptEnd, type Claim, every, readPolicies } from '@carillon/scheduler/store';
import type { Kysely } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eachDatabase, type Place } from '../../../../test/servers/each-database.js';
import type { Database } from '../driver/database.js';
import type { Tables } from '../schema/tables.js';
import { SqlStore } from './sql-store.js';

const START = Date.UTC(2026, 5, 1);
const OPTIONS = { leaseMs: 30_000, pollMs: 5_000, retention: { ageMs: null, perJob: null } };
const GROUP = 'few';

function succeeded(claim: Claim, at: number): AttemptEnd {
  const result = { kind: 'succeeded', value: undefined } as const;
  return { claim, result, startedAt: at, endedAt: at, durationMs: 0, retryAt: null };
}

/** SQLite has one writer, and nothing beside it. */
describe.each(eachDatabase.filter(([, { kind }]) => kind !== 'sqlite'))(
  'ends of runs in %s',
  (_, database) => {
    let place: Place;
    let store: SqlStore;
    let other: Database;

    beforeEach(async () => {
      place = await database.place();
      store = new SqlStore({ options: OPTIONS, connect: () => place.open() });
      const concurrency = { whole: null, groups: { [GROUP]: 1 } };
      await store.open({ replica: 'a', concurrency, handlers: () => ['work'], onHint: () => undefined });
      other = await place.open();
    });
    afterEach(async () => {
      await other.close();
      await store.close();
      await place.drop();
    });

    const put = (id: string, group?: string) =>
      store.putJob(
        {
          id,
          trigger: every('1s').bind({ jobId: id, anchorAt: START }),
          handler: 'work',
          payload: undefined,
          policies: readPolicies({ overlap: 'skip', group }),
          origin: 'added',
          disabled: false,
        },
        'error',
        START,
      );
    const claim = async (at: number) => (await store.claimDue({ now: at, limit: 10 })).claims;
    const stateOf = async (runId: string) =>
      (await other.kysely.selectFrom('runs').select('state').where('id', '=', runId).executeTakeFirst())!
        .state;

    /** Somebody else has locked what `rows` reads until the answer is called. */
    async function locked(rows: (trx: Kysely<Tables>) => Promise<unknown>): Promise<() => Promise<void>> {
      let letGo = (): void => undefined;
      const released = new Promise<void>((resolve) => (letGo = resolve));
      let over: Promise<void> = Promise.resolve();
      await new Promise<void>((resolve, reject) => {
        over = other.transaction(async (trx) => {
          await rows(trx);
          resolve();
          await released;
        });
        over.catch(reject);
      });
      return () => {
        letGo();
        return over;
      };
    }
    const lockRun = (runId: string) =>
      locked((trx) => trx.selectFrom('runs').select('id').where('id', '=', runId).forUpdate().execute());

    /** What is under way has come as far as it can: a lock holds it. */
    async function waitsForLock(work: Promise<unknown>): Promise<void> {
      let isOver = false;
      void work.finally(() => (isOver = true)).catch(() => undefined);
      for (let asked = 0; asked < 100; asked++) await other.dialect.now(other.kysely);
      expect(isOver).toBe(false);
    }

    it('are written while a claim waits', async () => {
      await put('job', GROUP);
      const [first] = await claim(START + 1_000);
      const letGo = await locked((trx) =>
        trx.selectFrom('groups').select('name').where('name', '=', GROUP).forUpdate().execute(),
      );
      const claiming = claim(START + 2_000);
      await waitsForLock(claiming);
      expect(await store.settle(succeeded(first!, START + 1_500), false)).toBe('recorded');
      expect(await stateOf(first!.runId)).toBe('ended');
      await letGo();
      expect(await claiming).toHaveLength(1);
    });

    it('count for a claim of their job that begins before they are written', async () => {
      await put('job');
      const [first] = await claim(START + 1_000);
      const letGo = await lockRun(first!.runId);
      const settling = store.settle(succeeded(first!, START + 1_500), false);
      await waitsForLock(settling);
      const claiming = claim(START + 2_000);
      await waitsForLock(claiming);
      await letGo();
      expect(await settling).toBe('recorded');
      // The tick is not taken for one that comes while the run before is alive.
      expect(await claiming).toHaveLength(1);
    });

    it('count for the places of their group that a claim begins to take before they are written', async () => {
      await put('one', GROUP);
      await put('two', GROUP);
      const [first] = await claim(START + 1_000);
      const letGo = await lockRun(first!.runId);
      const settling = store.settle(succeeded(first!, START + 1_500), false);
      await waitsForLock(settling);
      const claiming = claim(START + 1_500);
      await waitsForLock(claiming);
      await letGo();
      expect(await settling).toBe('recorded');
      expect(await claiming).toMatchObject([{ jobId: first!.jobId === 'one' ? 'two' : 'one' }]);
    });

    it('do not hold up claims of other jobs', async () => {
      await put('one');
      const [first] = await claim(START + 1_000);
      const letGo = await lockRun(first!.runId);
      const settling = store.settle(succeeded(first!, START + 1_500), false);
      await waitsForLock(settling);
      await put('two');
      expect(await claim(START + 1_900)).toMatchObject([{ jobId: 'two' }]);
      await letGo();
      expect(await settling).toBe('recorded');
    });

    it('are not taken for lost when leases are renewed meanwhile', async () => {
      await put('job');
      const claims = await claim(START + 1_000);
      const letGo = await lockRun(claims[0]!.runId);
      const settling = store.settle(succeeded(claims[0]!, START + 1_500), false);
      await waitsForLock(settling);
      // Their leases are not needed any more, so nothing waits for them either.
      expect(await store.renew(claims, START + 1_600)).toEqual({ lost: [], cancelled: [] });
      await letGo();
      expect(await settling).toBe('recorded');
    });
  },
);
