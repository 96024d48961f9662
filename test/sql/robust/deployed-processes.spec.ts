import { afterAll, beforeAll, describe, it } from 'vitest';
import type { Run } from '@carillon/scheduler';
import { Auditor } from '../../cluster/audit.js';
import { Cluster, compileReplica } from '../../cluster/cluster.js';
import { eachDatabase } from '../../servers/each-database.js';

const PATIENCE = 60_000;

let program: Awaited<ReturnType<typeof compileReplica>>;
beforeAll(async () => {
  program = await compileReplica('test/sql/robust/deploy/main.ts');
}, PATIENCE);
afterAll(() => program?.remove());

const later = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** The ticks that a row of the history stands for. */
function ticksOf({ scheduledAt, scheduledUntil, count }: Run): number[] {
  const first = scheduledAt!.getTime();
  const stepMs = count === 1 ? 0 : (scheduledUntil!.getTime() - first) / (count - 1);
  return Array.from({ length: count }, (_, index) => first + index * stepMs);
}

describe('a rolling deploy of real processes', () => {
  it.concurrent.for(eachDatabase)(
    'changes the declaration once the old version is gone, with no tick lost or doubled, over %s',
    { timeout: PATIENCE },
    async ([, database], context) => {
      const { expect, onTestFinished } = context;
      const scratch = await database.scratch();
      onTestFinished(() => scratch.drop());
      const settings = {
        kind: database.kind,
        url: scratch.url,
        ...scratch.options,
        leaseMs: 3_000,
        pollMs: 500,
      };
      const world = await Cluster.open(program.main, settings, context);
      const old = await world.start();
      const auditor = await Auditor.open(settings);
      onTestFinished(() => auditor.close());
      const triggerOf = async () => {
        const job = (await auditor.jobs()).find(({ id }) => id === 'beat');
        return job!.trigger.toString();
      };
      const before = await triggerOf();
      const next = await world.start({}, { DEPLOYED_VERSION: '2' });
      await later(1_500);
      expect(await triggerOf()).toBe(before);
      expect(next.answers.some(({ kind }) => kind === 'event')).toBe(false);

      await old.stop();
      for (const event of ['job.edited beat', 'job.orphaned first-only'])
        await next.answered((answer) => answer.kind === 'event' && answer.type === event);
      expect(await triggerOf()).not.toBe(before);
      const effectsBefore = (await world.effects()).length;
      while ((await world.effects()).length < effectsBefore + 3) await later(100);
      await next.stop();

      const effects = await world.effects();
      const began = effects.flatMap(({ jobId, tick }) => (jobId === 'beat' ? [tick] : []));
      expect(new Set(began).size).toBe(began.length);
      // Each second has its outcome, then every other one: also those at which the declaration changed.
      const runs = await auditor.runs({ jobId: 'beat' });
      expect(runs.map(({ outcome }) => outcome)).not.toContain(null);
      const ticks = runs.flatMap(ticksOf).toSorted((one, other) => one - other);
      const steps = ticks.slice(1).map((tick, index) => tick - ticks[index]!);
      const changed = steps.indexOf(2_000);
      expect(changed).toBeGreaterThan(0);
      expect(new Set(steps.slice(0, changed))).toEqual(new Set([1_000]));
      expect(new Set(steps.slice(changed))).toEqual(new Set([2_000]));
      expect(new Set(effects.map(({ replica }) => replica)).size).toBe(2);
    },
  );
});
