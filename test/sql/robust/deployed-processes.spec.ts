import { afterAll, beforeAll, describe, it } from 'vitest';
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

describe('a rolling deploy of real processes', () => {
  it.concurrent.for(eachDatabase)(
    'changes the declaration once the old version is gone, with no tick lost or doubled, over %s',
    { timeout: PATIENCE },
    async ([, database], context) => {
      const { expect, onTestFinished } = context;
      const place = await database.place();
      onTestFinished(() => place.drop());
      const settings = { kind: database.kind, url: place.url, ...place.options, leaseMs: 3_000, pollMs: 500 };
      const world = new Cluster(program.main, settings, context);
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
      await later(2_500);
      await next.stop();

      const ticks = world.effects().flatMap(({ jobId, tick }) => (jobId === 'beat' ? [tick!] : []));
      expect(new Set(ticks).size).toBe(ticks.length);
      ticks.sort((a, b) => a - b);
      // One a second, then one every two; at the change a tick of the old trigger may be recorded as skipped.
      const gaps = ticks.slice(1).map((tick, index) => tick - ticks[index]!);
      expect(gaps.filter((gap) => gap > 3_000)).toEqual([]);
      expect(gaps.at(-1)).toBe(2_000);
      const runs = await auditor.runs({ jobId: 'beat' });
      expect(runs.map(({ outcome }) => outcome)).not.toContain(null);
      expect(new Set(world.effects().map(({ replica }) => replica)).size).toBe(2);
    },
  );
});
