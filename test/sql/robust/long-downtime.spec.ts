import { monitorEventLoopDelay } from 'node:perf_hooks';
import { sql } from 'kysely';
import { describe, expect, it } from 'vitest';
import { cron, JobHandler } from '@carillon/scheduler';
import { zoneinfoVersion } from '@carillon/scheduler/store';
import { START } from '../../nest/testing-app.js';
import { eachDatabase } from '../../servers/each-database.js';
import { jobRow, scheduleRow } from '../foundation/rows.js';
import { DurableWorld } from './durable-world.js';

/** CATCH_UP_JOBS=10000 does it at full size, and tells what it took. */
const GIVEN = process.env['CATCH_UP_JOBS'];
const JOBS = Number(GIVEN ?? 1_000);
const AT_ONCE = 50;
const DAYS = 3;
const MINUTES = DAYS * 24 * 60;
const MINUTE = 60_000;
const begunAt = new Date(START).getTime();

describe.each(eachDatabase)('over %s', (name, database) => {
  it(
    `an application that was down for ${DAYS} days runs each of its jobs once, ${AT_ONCE} at a time, and counts the rest`,
    async () => {
      const here = await DurableWorld.in(database);
      const { kysely, dialect } = here.database;
      const trigger = cron('* * * * *').bind({ jobId: 'job', timezone: 'UTC', anchorAt: begunAt });
      const first = begunAt + MINUTE;
      for (let from = 0; from < JOBS; from += 1_000) {
        const rows = Array.from({ length: Math.min(1_000, JOBS - from) }, (_, index) =>
          jobRow({
            id: `job-${from + index}`,
            handler: 'work',
            trigger_json: JSON.stringify(trigger),
            added_at: begunAt,
            updated_at: begunAt,
          }),
        );
        await dialect.insertMany(kysely, { table: 'jobs', rows });
        const due = { due_at: first, next_tick_at: first, tzdata: zoneinfoVersion() };
        const schedules = rows.map(({ id, handler }) => scheduleRow({ id, handler, ...due }));
        await dialect.insertMany(kysely, { table: 'schedules', rows: schedules });
      }
      let alive = 0;
      let mostAlive = 0;
      const starts = new Map<string, number>();
      class Worker {
        @JobHandler('work')
        async work({ jobId }: { jobId: string }): Promise<void> {
          mostAlive = Math.max(mostAlive, ++alive);
          starts.set(jobId, (starts.get(jobId) ?? 0) + 1);
          await new Promise((resolve) => setImmediate(resolve));
          alive--;
        }
      }

      here.clock.suspend(MINUTES * MINUTE);
      const loop = monitorEventLoopDelay({ resolution: 5 });
      const before = performance.now();
      loop.enable();
      const { scheduler } = await here.start({ providers: [Worker], options: { concurrency: AT_ONCE } });
      await here.pass(0);
      loop.disable();
      if (GIVEN !== undefined) {
        const seconds = ((performance.now() - before) / 1_000).toFixed(1);
        const [p99, max] = [loop.percentile(99), loop.max].map((ns) => (ns / 1e6).toFixed(0));
        console.info(`${name}: ${JOBS} jobs in ${seconds} s; event loop held p99 ${p99} ms, max ${max} ms`);
      }

      expect(starts.size).toBe(JOBS);
      expect([...starts.values()].every((count) => count === 1)).toBe(true);
      expect(mostAlive).toBe(AT_ONCE);
      // Two rows for each job: its run, and the span of what was merged into that.
      const outcomes = await kysely
        .selectFrom('history')
        .select([
          'outcome',
          'reason',
          sql<string>`sum(count)`.as('ticks'),
          sql<string>`count(*)`.as('row_count'),
        ])
        .groupBy(['outcome', 'reason'])
        .orderBy('outcome')
        .execute();
      expect(
        outcomes.map((row) => ({ ...row, ticks: Number(row.ticks), row_count: Number(row.row_count) })),
      ).toEqual([
        { outcome: 'coalesced', reason: 'merged', ticks: JOBS * (MINUTES - 1), row_count: JOBS },
        { outcome: 'succeeded', reason: null, ticks: JOBS, row_count: JOBS },
      ]);
      const [run] = await scheduler.getRuns({ jobId: 'job-7', outcome: 'succeeded' });
      expect(run).toMatchObject({
        scheduledAt: new Date(begunAt + MINUTES * MINUTE),
        coalesced: MINUTES - 1,
        latenessMs: 0,
      });
      const [merged] = await scheduler.getRuns({ jobId: 'job-7', outcome: 'coalesced' });
      expect(merged).toMatchObject({
        scheduledAt: new Date(first),
        scheduledUntil: new Date(begunAt + (MINUTES - 1) * MINUTE),
        count: MINUTES - 1,
        countIsAtLeast: false,
      });
      expect((await scheduler.getJob('job-7'))!.nextDueAt).toEqual(
        new Date(begunAt + (MINUTES + 1) * MINUTE),
      );
    },
    20_000 + JOBS * 10,
  );
});
