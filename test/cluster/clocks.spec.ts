import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eachDatabase } from '../servers/each-database.js';
import { Auditor, findFaults } from './audit.js';
import { Cluster, compileReplica } from './cluster.js';
import { randomJobs } from './random-jobs.js';
import { ROUNDS, SEED } from './sizes.js';
import { findFaketime } from './wall-clock.js';

const PATIENCE = 120_000;

let replica: Awaited<ReturnType<typeof compileReplica>>;
beforeAll(async () => {
  console.info(`Replicas' clocks are set by ${findFaketime() ?? 'replacing Date.now, without libfaketime'}.`);
  replica = await compileReplica();
}, PATIENCE);
afterAll(() => replica?.remove());

const later = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
const servers = eachDatabase.filter(([, { kind }]) => kind !== 'sqlite');

describe.concurrent.each(servers)('clocks that differ, before %s', (_name, database) => {
  it(
    'change nothing: two replicas 90 s apart, one of them set by an hour on the way',
    async (test) => {
      const scratch = await database.scratch();
      test.onTestFinished(() => scratch.drop());
      const { url, options } = scratch;
      const settings = { kind: database.kind, url, ...options, leaseMs: 3_000, pollMs: 500 };
      const world = await Cluster.open(replica.main, settings, test);
      const ahead = await world.start({ clockAheadMs: 45_000 });
      const behind = await world.start({ clockAheadMs: -45_000 });
      const startAt = new Date(Math.ceil(Date.now() / 1_000) * 1_000 + 3_000);
      const endAt = new Date(startAt.getTime() + 6_000 * ROUNDS);
      await ahead.add(randomJobs(40, startAt, endAt, SEED));
      await later(startAt.getTime() + 2_000 - Date.now());
      await ahead.stepClock(3_600_000);
      await later(1_500);
      await behind.stepClock(-3_600_000);
      const auditor = await Auditor.open(settings);
      await auditor.finished(30_000);
      const [jobs, runs] = [await auditor.jobs(), await auditor.runs()];
      await auditor.close();
      const span = { fromAt: startAt.getTime(), toAt: endAt.getTime() };
      expect(findFaults(jobs, runs, await world.effects(), span).join('\n')).toBe('');
      // By the store's time none was early and none was an hour late.
      const starts = runs.flatMap((run) =>
        run.startedAt && run.scheduledAt ? [run.startedAt.getTime() - run.scheduledAt.getTime()] : [],
      );
      expect(Math.min(...starts)).toBeGreaterThanOrEqual(0);
      expect(Math.max(...starts)).toBeLessThan(10_000);
      for (const { answers } of world.replicas) {
        const published = answers.flatMap((answer) => (answer.kind === 'event' ? [answer.type] : []));
        expect(published).toEqual(
          expect.arrayContaining(['scheduler.clockDiffers', 'scheduler.clockStepped']),
        );
      }
    },
    PATIENCE * ROUNDS,
  );
});
