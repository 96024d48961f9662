import { RunIds } from '@carillon/scheduler/store';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { historyRow, jobRow, runRow, scheduleRow } from '../../../test/sql/foundation/rows.js';
import { eachDatabase, type ScratchDatabase } from '../../../test/servers/each-database.js';
import type { Database } from './driver/database.js';
import type { HistoryTable, LiveRunTable } from './schema/tables.js';
import { RetentionPruner } from './retention-pruner.js';

const DAY = 86_400_000;
const NOW = Date.UTC(2026, 5, 30);
const ago = (days: number) => NOW - days * DAY;

type Row = Partial<Pick<HistoryTable, 'job_id' | 'payload'>>;

describe.each(eachDatabase)('the history in %s', (_, database) => {
  let scratch: ScratchDatabase;
  let db: Database;
  let ids: RunIds;
  beforeEach(async () => {
    ids = new RunIds();
    scratch = await database.scratch();
    db = await scratch.open();
  });
  afterEach(() => scratch.drop());

  /** @param endedAt null for a run at work */
  const run = (madeAt: number, endedAt: number | null, changes: Row = {}): LiveRunTable | HistoryTable => {
    const row = {
      id: ids.next(madeAt),
      scheduled_at: madeAt,
      instant: madeAt,
      ended_at: endedAt,
      ...changes,
    };
    return endedAt === null ? runRow({ ...row, state: 'running' }) : historyRow(row);
  };
  const insert = async (rows: (LiveRunTable | HistoryTable)[]) => {
    const live = rows.filter((row) => 'state' in row);
    const history = rows.filter((row) => !('state' in row)) as HistoryTable[];
    await db.dialect.insertMany(db.kysely, { table: 'live_runs', rows: live });
    await db.dialect.insertMany(db.kysely, { table: 'history', rows: history });
  };
  const allRuns = () =>
    db.kysely
      .selectFrom('live_runs')
      .select(['id', 'job_id', 'payload', 'instant'])
      .unionAll(db.kysely.selectFrom('history').select(['id', 'job_id', 'payload', 'instant']))
      .orderBy('id')
      .execute();
  const left = async () => {
    return (await allRuns()).map(({ payload, instant }) => payload ?? instant);
  };

  it('forgets runs that ended longer ago than its age, whatever was made before or after them', async () => {
    const rows = [
      run(ago(50), ago(40), { payload: '"old"' }),
      run(ago(49), ago(1), { payload: '"made long ago, ended lately"' }),
      run(ago(48), null, { payload: '"still running"' }),
      run(ago(47), ago(46), { payload: '"old, too"' }),
      run(ago(29), ago(29), { payload: '"young"' }),
    ];
    // The ids of one process rise.
    await insert(rows);
    const pruner = new RetentionPruner(db, { ageMs: 30 * DAY, perJob: null });
    await pruner.prune(NOW);
    const kept = ['"made long ago, ended lately"', '"still running"', '"young"'];
    expect(await left()).toEqual(kept);
    await pruner.prune(NOW + 28 * DAY);
    expect(await left()).toEqual(kept.slice(0, 2));
    await pruner.prune(NOW + 30 * DAY);
    expect(await left()).toEqual(['"still running"']);
  });

  it('forgets many in pieces, some at each beat, and returns to those it left', async () => {
    const old = Array.from({ length: 10_400 }, (__, index) => run(ago(60) + index, ago(50)));
    // Every hundredth ended lately, so that each piece leaves some behind.
    for (const [index, row] of old.entries()) if (index % 100 === 0) row.ended_at = ago(2);
    await insert(old);
    const pruner = new RetentionPruner(db, { ageMs: 30 * DAY, perJob: null });
    await pruner.prune(NOW);
    expect(await left()).toHaveLength(100 + 400);
    await pruner.prune(NOW);
    expect(await left()).toHaveLength(104);
    await pruner.prune(NOW + 29 * DAY);
    expect(await left()).toHaveLength(0);
  });

  it('keeps the newest runs of each job, and those at work', async () => {
    const rows = ['a', 'b'].flatMap((jobId) => [
      run(ago(9), null, { job_id: jobId }),
      ...Array.from({ length: 25 }, (__, index) =>
        run(ago(5) + index, ago(5) + index, { job_id: jobId, payload: `"${jobId}${index}"` }),
      ),
    ]);
    await insert(rows);
    const pruner = new RetentionPruner(db, { ageMs: null, perJob: 10 });
    pruner.noteMade('a');
    await pruner.prune(NOW);
    const ofJob = async (jobId: string) => {
      const found = (await allRuns()).filter((row) => row.job_id === jobId);
      return found.map(({ payload }) => payload);
    };
    expect(await ofJob('a')).toEqual([
      null,
      ...Array.from({ length: 10 }, (__, index) => `"a${15 + index}"`),
    ]);
    expect(await ofJob('b')).toHaveLength(26);
  });

  it('keeps a finished job as long as it has a run of it, and a declared one forever', async () => {
    const finished = { updated_at: ago(40) };
    await db.dialect.insertMany(db.kysely, {
      table: 'jobs',
      rows: [
        jobRow({ ...finished, id: 'gone', origin: 'added' }),
        jobRow({ ...finished, id: 'declared', origin: 'declared' }),
        jobRow({ ...finished, id: 'with history', origin: 'added' }),
        jobRow({ id: 'active', origin: 'added', updated_at: ago(40) }),
      ],
    });
    const never = { state: 'finished', due_at: null, next_tick_at: null } as const;
    await db.dialect.insertMany(db.kysely, {
      table: 'schedules',
      rows: [
        scheduleRow({ ...never, id: 'gone' }),
        scheduleRow({ ...never, id: 'declared' }),
        scheduleRow({ ...never, id: 'with history' }),
        scheduleRow({ id: 'active' }),
      ],
    });
    await insert([run(ago(40), ago(1), { job_id: 'with history' })]);
    await new RetentionPruner(db, { ageMs: 30 * DAY, perJob: null }).prune(NOW);
    const jobs = await db.kysely.selectFrom('jobs').select('id').orderBy('id').execute();
    expect(jobs.map(({ id }) => id)).toEqual(['active', 'declared', 'with history']);
  });
});
