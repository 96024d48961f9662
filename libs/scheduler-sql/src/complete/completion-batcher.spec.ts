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

/** SQLite has a single writer, so nothing runs beside it. */
describe.each(eachDatabase.filter(([, { kind }]) => kind !== 'sqlite'))(
  'completions in %s',
  (_, database) => {
    let scratch: ScratchDatabase;
    let store: SqlStore;
    let other: Database;
    /** Notes of handlers are written after this resolves. */
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
    const stateOf = async (runId: string) => {
      const live = other.kysely.selectFrom('live_runs').select('state').where('id', '=', runId);
      const ended = other.kysely.selectFrom('history').select('id').where('id', '=', runId);
      const [[run], past] = [await live.execute(), await ended.execute()];
      expect((run === undefined ? 0 : 1) + past.length).toBe(1);
      return run?.state ?? 'ended';
    };

    /** Another transaction locks the rows that `rows` reads, until the returned function is called. */
    async function locked(rows: (trx: Kysely<Tables>) => Promise<unknown>): Promise<() => Promise<void>> {
      let release = (): void => undefined;
      const released = new Promise<void>((resolve) => (release = resolve));
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
        release();
        return over;
      };
    }
    const lockRun = (runId: string) =>
      locked((trx) => trx.selectFrom('live_runs').select('id').where('id', '=', runId).forUpdate().execute());

    /** Checks that `work` has come as far as it can, and waits for a lock. */
    async function waitsForLock(work: Promise<unknown>): Promise<void> {
      let isOver = false;
      void work.finally(() => (isOver = true)).catch(() => undefined);
      for (let asked = 0; asked < 20; asked++) await other.dialect.now(other.kysely);
      expect(isOver).toBe(false);
    }

    /** Begins to write the completion of a run that another transaction has locked. */
    async function completeHeldUp(run: Claim) {
      const release = await lockRun(run.runId);
      const completing = store.complete(succeeded(run, START + 1_500), false);
      await waitsForLock(completing);
      return { release, completing };
    }

    it('are written while another replica has locked their group, whose jobs a claim leaves for a moment', async () => {
      await put('job', GROUP);
      const [first] = await claim(START + 1_000);
      const release = await locked((trx) =>
        trx.selectFrom('groups').select('name').where('name', '=', GROUP).forUpdate().execute(),
      );
      expect(await store.complete(succeeded(first!, START + 1_500), false)).toBe('recorded');
      expect(await stateOf(first!.runId)).toBe('ended');
      const now = START + 2_000;
      const left = await store.claimDue({ now, limit: 10 });
      expect([left.claims, left.recorded, left.lookAgainAt! - now]).toEqual([[], [], 50]);
      await release();
      expect(await claim(now)).toHaveLength(1);
    });

    it('count for a claim of their job that begins before they are written', async () => {
      await put('job');
      const [first] = await claim(START + 1_000);
      const { release, completing } = await completeHeldUp(first!);
      const claiming = claim(START + 2_000);
      await waitsForLock(claiming);
      await release();
      expect(await completing).toBe('recorded');
      // Overlap does not skip the tick: the run before it is no longer alive.
      expect(await claiming).toHaveLength(1);
    });

    it('count for the slots of their group that a claim begins to take before they are written', async () => {
      await put('one', GROUP);
      await put('two', GROUP);
      const [first] = await claim(START + 1_000);
      const { release, completing } = await completeHeldUp(first!);
      const claiming = claim(START + 1_500);
      await waitsForLock(claiming);
      await release();
      expect(await completing).toBe('recorded');
      expect(await claiming).toMatchObject([{ jobId: first!.jobId === 'one' ? 'two' : 'one' }]);
    });

    it('count when they change their job while others are being written', async () => {
      await put('fails');
      await put('works');
      const claims = await claim(START + 1_000);
      const [fails, works] = ['fails', 'works'].map((id) => claims.find(({ jobId }) => jobId === id)!);
      const release = await lockRun(works!.runId);
      const at = START + 1_500;
      const failed = { kind: 'failed', error: new Error('on purpose') } as const;
      const completing = [
        store.complete(succeeded(works!, at), false),
        store.complete({ ...succeeded(fails!, at), result: failed }, false),
      ];
      await waitsForLock(completing[0]!);
      const claiming = claim(START + 2_000);
      await waitsForLock(claiming);
      await release();
      expect(await Promise.all(completing)).toEqual(['recorded', 'recorded']);
      expect((await claiming).map(({ jobId }) => jobId).toSorted()).toEqual(['fails', 'works']);
    });

    it('do not hold up claims of other jobs', async () => {
      await put('one');
      const [first] = await claim(START + 1_000);
      const { release, completing } = await completeHeldUp(first!);
      await put('two');
      expect(await claim(START + 1_900)).toMatchObject([{ jobId: 'two' }]);
      await release();
      expect(await completing).toBe('recorded');
    });

    it('hold up a claim of their job for a second at most', async () => {
      await put('job');
      await put('other');
      const [first, second] = await claim(START + 1_000);
      await store.complete(succeeded(second!, START + 1_100), false);
      const { release, completing } = await completeHeldUp(first!);
      const batch = await store.claimDue({ now: START + 2_000, limit: 10 });
      expect(batch.claims).toMatchObject([{ jobId: second!.jobId }]);
      expect(batch.lookAgainAt).toBe(START + 2_050);
      await release();
      expect(await completing).toBe('recorded');
      expect(await claim(START + 2_050)).toMatchObject([{ jobId: first!.jobId }]);
    });

    it('have the last notes of their handlers, even those not yet written', async () => {
      await put('job');
      const line = { at: new Date(START + 1_400), level: 'info', message: 'done' } as const;
      for (const kind of ['succeeded', 'failed'] as const) {
        const at = START + (kind === 'succeeded' ? 1_000 : 2_000);
        const [first] = await claim(at);
        let release = (): void => undefined;
        notesWait = new Promise<void>((resolve) => (release = resolve));
        const annotating = store.annotate(first!, { kind: 'line', line });
        await waitsForLock(annotating);
        const error = new Error('on purpose');
        const result = kind === 'failed' ? { kind, error } : { kind, value: undefined };
        const completing = store.complete({ ...succeeded(first!, at + 500), result }, false);
        expect(await claim(at + 600)).toEqual([]);
        expect(await completing).toBe('recorded');
        release();
        await annotating;
        const [run] = await store.listRuns({ jobId: 'job', limit: 1 });
        expect(run).toMatchObject({ outcome: kind, log: [{ message: 'done' }] });
      }
    });

    it('are not reported as lost when leases are renewed meanwhile', async () => {
      await put('job');
      const claims = await claim(START + 1_000);
      const { release, completing } = await completeHeldUp(claims[0]!);
      // A completed claim needs no lease, so the renewal does not wait for its run.
      expect(await store.renew(claims, START + 1_600)).toEqual({ lost: [], cancelled: [] });
      await release();
      expect(await completing).toBe('recorded');
    });
  },
);
