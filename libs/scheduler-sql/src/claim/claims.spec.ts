import { type Claim, every, readPolicies, StoreUnavailableError } from '@carillon/scheduler/store';
import { afterEach, describe, expect, it } from 'vitest';
import { eachDatabase, type ScratchDatabase } from '../../../../test/servers/each-database.js';
import type { Database } from '../driver/database.js';
import { SqlStore } from '../sql-store.js';

const START = Date.UTC(2026, 5, 1);
const OPTIONS = { leaseMs: 30_000, pollMs: 5_000, retention: { ageMs: 3_600_000, perJob: 20 } };
const LOST = new Error('the connection was lost');

/** A database whose responses can get lost after a commit, and that refuses runs of some jobs. */
class Frail {
  responsesLost = 0;
  readonly refused = new Set<string>();

  wrap(database: Database): Database {
    const { dialect } = database;
    const frail = Object.create(dialect) as Database['dialect'];
    frail.kindOf = (error) => (error === LOST ? 'down' : dialect.kindOf(error));
    frail.insertMany = (trx, insert) => {
      if (
        insert.table === 'live_runs' &&
        insert.rows.some((row) => 'job_id' in row && this.refused.has(row.job_id))
      )
        return Promise.reject(new Error('the row is too long'));
      return dialect.insertMany.call(dialect, trx, insert);
    };
    for (const name of ['updateMany', 'moveMany', 'isOneOf', 'now'] as const)
      frail[name] = dialect[name].bind(dialect) as never;
    const transaction: Database['transaction'] = async (work) => {
      const response = await database.transaction(work);
      if (this.responsesLost-- > 0) throw LOST;
      return response;
    };
    return { ...database, dialect: frail, transaction };
  }
}

describe.each(eachDatabase)('when %s fails', (_, database) => {
  let scratch: ScratchDatabase;
  let store: SqlStore;
  const frail = new Frail();

  const open = async () => {
    scratch = await database.scratch();
    store = new SqlStore({ options: OPTIONS, connect: async () => frail.wrap(await scratch.open()) });
    frail.responsesLost = 0;
    const concurrency = { whole: null, groups: {} };
    await store.open({ replica: 'a', concurrency, handlers: () => ['work'], onHint: () => undefined });
  };
  const put = (id: string, declared = false) =>
    store.putJob(
      {
        id,
        trigger: every('10s').bind({ jobId: id, anchorAt: START }),
        handler: 'work',
        payload: undefined,
        policies: readPolicies({}),
        origin: declared ? 'declared' : 'added',
        disabled: false,
      },
      'replace',
      START,
    );
  const succeed = (claim: Claim, at: number) =>
    store.complete(
      {
        claim,
        result: { kind: 'succeeded', value: 1 },
        startedAt: at,
        endedAt: at,
        durationMs: 0,
        retryAt: null,
      },
      false,
    );

  afterEach(async () => {
    frail.responsesLost = 0;
    frail.refused.clear();
    await store.close();
    await scratch.drop();
  });

  it('a claim whose response is lost is given back, and the next claim takes its run again', async () => {
    await open();
    await put('one');
    frail.responsesLost = 1;
    await expect(store.claimDue({ now: START + 10_000, limit: 10 })).rejects.toThrow(StoreUnavailableError);
    const { claims } = await store.claimDue({ now: START + 11_000, limit: 10 });
    expect(claims).toMatchObject([{ scheduledAt: START + 10_000, attempt: 1, token: 2 }]);
    expect(await store.getJob('one')).toMatchObject({ runsStarted: 1, alive: 1 });
    expect(await succeed(claims[0]!, START + 12_000)).toBe('recorded');
  });

  it('a completion whose response is lost is recorded once when it is tried again', async () => {
    await open();
    await put('one');
    const [claim] = (await store.claimDue({ now: START + 10_000, limit: 10 })).claims;
    const error = new Error('no');
    const completion = {
      claim: claim!,
      result: { kind: 'failed' as const, error },
      startedAt: START,
      retryAt: null,
    };
    const complete = () => store.complete({ ...completion, endedAt: START + 11_000, durationMs: 0 }, false);
    frail.responsesLost = 1;
    await expect(complete()).rejects.toThrow(StoreUnavailableError);
    expect(await complete()).toBe('recorded');
    expect(await store.getJob('one')).toMatchObject({ failuresInRow: 1, alive: 0 });
  });

  it('a job whose runs cannot be written is parked with the error, and other jobs run', async () => {
    await open();
    for (const id of ['one', 'bad', 'two']) await put(id);
    frail.refused.add('bad');
    const batch = await store.claimDue({ now: START + 10_000, limit: 10 });
    expect(batch.claims.map(({ jobId }) => jobId).toSorted()).toEqual(['one', 'two']);
    expect(batch.changed).toMatchObject([{ kind: 'parked', jobId: 'bad' }]);
  });

  it('history past its retention is deleted, by number and by age, and a finished job with its last run', async () => {
    await open();
    await put('one');
    await put('last');
    await store.changeJob('last', { kind: 'edit', edit: { policies: readPolicies({ maxRuns: 1 }) } }, START);
    let now = START;
    for (let tick = 1; tick <= 30; tick++) {
      now = START + tick * 10_000;
      const { claims } = await store.claimDue({ now, limit: 10 });
      for (const claim of claims) await succeed(claim, now);
    }
    await store.beat(now);
    const kept = await store.listRuns({ jobId: 'one' });
    expect(kept).toHaveLength(20);
    expect(kept[0]!.scheduledAt).toEqual(new Date(now));
    expect(await store.getJob('last')).toMatchObject({ state: 'finished' });
    await store.beat(now + 3_600_001);
    expect(await store.listRuns({})).toEqual([]);
    expect(await store.getJob('last')).toBeNull();
    expect(await store.getJob('one')).not.toBeNull();
  });
});
