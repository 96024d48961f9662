import { type Completion, type Claim, every, readPolicies } from '@carillon/scheduler/store';
import type { Kysely } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eachDatabase, type ScratchDatabase } from '../../../../test/servers/each-database.js';
import type { Database } from '../driver/database.js';
import type { Tables } from '../schema/tables.js';
import { SqlStore } from '../sql-store.js';

const START = Date.UTC(2026, 5, 1);
const OPTIONS = { leaseMs: 30_000, pollMs: 5_000, retention: { ageMs: null, perJob: null } };
const GROUP = 'few';

function succeeded(claim: Claim, at: number): Completion {
  const result = { kind: 'succeeded', value: undefined } as const;
  return { claim, result, startedAt: at, endedAt: at, durationMs: 0, retryAt: null };
}

/** SQLite has one writer, and nothing beside it. */
describe.each(eachDatabase.filter(([, { kind }]) => kind !== 'sqlite'))(
  'ends of runs in %s',
  (_, database) => {
    let scratch: ScratchDatabase;
    let store: SqlStore;
    let other: Database;
    /** What handlers tell is not written before. */
    let notesWait: Promise<void> | null = null;

    beforeEach(async () => {
      scratch = await database.scratch();
      notesWait = null;
      const connect = async () => lateNotes(await scratch.open());
      store = new SqlStore({ options: OPTIONS, connect });
      const concurrency = { whole: null, groups: { [GROUP]: 1 } };
      await store.open({ replica: 'a', concurrency, handlers: () => ['work'], onHint: () => undefined });
      other = await scratch.open();
    });
    afterEach(async () => {
      await other.close();
      await store.close();
      await scratch.drop();
    });

    function lateNotes(opened: Database): Database {
      const updateMany: Database['dialect']['updateMany'] = async (kysely, update) => {
        if (update.rows.some(({ set, where }) => 'log' in set && 'holder' in where)) await notesWait;
        return opened.dialect.updateMany(kysely, update);
      };
      const dialect = new Proxy(opened.dialect, {
        get(target, key) {
          if (key === 'updateMany') return updateMany;
          const value: unknown = Reflect.get(target, key);
          return typeof value === 'function' ? value.bind(target) : value;
        },
      });
      return { ...opened, dialect };
    }

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
      for (let asked = 0; asked < 20; asked++) await other.dialect.now(other.kysely);
      expect(isOver).toBe(false);
    }

    /** The run's end is being written, but somebody else has the run locked. */
    async function endHeldUp(run: Claim) {
      const letGo = await lockRun(run.runId);
      const settling = store.complete(succeeded(run, START + 1_500), false);
      await waitsForLock(settling);
      return { letGo, settling };
    }

    it('are written while a claim waits', async () => {
      await put('job', GROUP);
      const [first] = await claim(START + 1_000);
      const letGo = await locked((trx) =>
        trx.selectFrom('groups').select('name').where('name', '=', GROUP).forUpdate().execute(),
      );
      const claiming = claim(START + 2_000);
      await waitsForLock(claiming);
      expect(await store.complete(succeeded(first!, START + 1_500), false)).toBe('recorded');
      expect(await stateOf(first!.runId)).toBe('ended');
      await letGo();
      expect(await claiming).toHaveLength(1);
    });

    it('count for a claim of their job that begins before they are written', async () => {
      await put('job');
      const [first] = await claim(START + 1_000);
      const { letGo, settling } = await endHeldUp(first!);
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
      const { letGo, settling } = await endHeldUp(first!);
      const claiming = claim(START + 1_500);
      await waitsForLock(claiming);
      await letGo();
      expect(await settling).toBe('recorded');
      expect(await claiming).toMatchObject([{ jobId: first!.jobId === 'one' ? 'two' : 'one' }]);
    });

    it('count also where they change their job, and others are being written', async () => {
      await put('fails');
      await put('works');
      const claims = await claim(START + 1_000);
      const [fails, works] = ['fails', 'works'].map((id) => claims.find(({ jobId }) => jobId === id)!);
      const letGo = await lockRun(works!.runId);
      const at = START + 1_500;
      const failed = { kind: 'failed', error: new Error('on purpose') } as const;
      const settling = [
        store.complete(succeeded(works!, at), false),
        store.complete({ ...succeeded(fails!, at), result: failed }, false),
      ];
      await waitsForLock(settling[0]!);
      const claiming = claim(START + 2_000);
      await waitsForLock(claiming);
      await letGo();
      expect(await Promise.all(settling)).toEqual(['recorded', 'recorded']);
      expect((await claiming).map(({ jobId }) => jobId).toSorted()).toEqual(['fails', 'works']);
    });

    it('do not hold up claims of other jobs', async () => {
      await put('one');
      const [first] = await claim(START + 1_000);
      const { letGo, settling } = await endHeldUp(first!);
      await put('two');
      expect(await claim(START + 1_900)).toMatchObject([{ jobId: 'two' }]);
      await letGo();
      expect(await settling).toBe('recorded');
    });

    it('hold up a claim of their job for a second at most', async () => {
      await put('job');
      await put('other');
      const [first, second] = await claim(START + 1_000);
      await store.complete(succeeded(second!, START + 1_100), false);
      const { letGo, settling } = await endHeldUp(first!);
      const batch = await store.claimDue({ now: START + 2_000, limit: 10 });
      expect(batch.claims).toMatchObject([{ jobId: second!.jobId }]);
      expect(batch.lookAgainAt).toBe(START + 2_050);
      await letGo();
      expect(await settling).toBe('recorded');
      expect(await claim(START + 2_050)).toMatchObject([{ jobId: first!.jobId }]);
    });

    it('have what their handlers told last, though it was on its way', async () => {
      await put('job');
      const line = { at: new Date(START + 1_400), level: 'info', message: 'done' } as const;
      for (const kind of ['succeeded', 'failed'] as const) {
        const at = START + (kind === 'succeeded' ? 1_000 : 2_000);
        const [first] = await claim(at);
        let letGo = (): void => undefined;
        notesWait = new Promise<void>((resolve) => (letGo = resolve));
        const telling = store.annotate(first!, { kind: 'line', line });
        await waitsForLock(telling);
        const error = new Error('on purpose');
        const result = kind === 'failed' ? { kind, error } : { kind, value: undefined };
        const settling = store.complete({ ...succeeded(first!, at + 500), result }, false);
        expect(await claim(at + 600)).toEqual([]);
        expect(await settling).toBe('recorded');
        letGo();
        await telling;
        const [run] = await store.listRuns({ jobId: 'job', limit: 1 });
        expect(run).toMatchObject({ outcome: kind, log: [{ message: 'done' }] });
      }
    });

    it('are not taken for lost when leases are renewed meanwhile', async () => {
      await put('job');
      const claims = await claim(START + 1_000);
      const { letGo, settling } = await endHeldUp(claims[0]!);
      // Their leases are not needed any more, so nothing waits for them either.
      expect(await store.renew(claims, START + 1_600)).toEqual({ lost: [], cancelled: [] });
      await letGo();
      expect(await settling).toBe('recorded');
    });
  },
);
