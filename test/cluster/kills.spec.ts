import { afterAll, beforeAll, describe, expect, it, type TestContext } from 'vitest';
import { every } from '@carillon/scheduler';
import { eachDatabase } from '../servers/each-database.js';
import { Auditor, findFaults } from './audit.js';
import { Cluster, compileReplica, type Replica } from './cluster.js';
import { numbers, randomJobs } from './random-jobs.js';
import type { CrashPoint } from './replica/protocol.js';
import { ROUNDS, SEED } from './sizes.js';

const PATIENCE = 120_000;
const LEASE_MS = 3_000;
const CRASH_POINTS: CrashPoint[] = [
  'afterClaim',
  'beforeTheEffect',
  'afterTheEffect',
  'beforeComplete',
  'betweenRunAndNextDue',
];

let replica: Awaited<ReturnType<typeof compileReplica>>;
beforeAll(async () => {
  replica = await compileReplica();
}, PATIENCE);
afterAll(() => replica?.remove());

const later = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

describe.concurrent.each(eachDatabase)('processes that die, on %s', (_name, database) => {
  async function cluster(test: TestContext): Promise<Cluster> {
    const scratch = await database.scratch();
    test.onTestFinished(() => scratch.drop());
    const { url, options } = scratch;
    const { kind } = database;
    return Cluster.open(replica.main, { kind, url, ...options, leaseMs: LEASE_MS, pollMs: 500 }, test);
  }

  it(
    `lose and double no tick: three replicas, one of them killed at random again and again (seed ${SEED})`,
    async (test) => {
      const world = await cluster(test);
      const random = numbers(SEED);
      const seconds = 8 * ROUNDS;
      const alive: Replica[] = [await world.start(), await world.start(), await world.start()];
      const startAt = new Date(Math.ceil(Date.now() / 1_000) * 1_000 + 3_000);
      const endAt = new Date(startAt.getTime() + seconds * 1_000);
      await alive[0]!.add(randomJobs(200, startAt, endAt, SEED));
      while (Date.now() < endAt.getTime()) {
        await later(500 + random() * 2_500);
        const victim = Math.floor(random() * alive.length);
        await alive[victim]!.kill();
        alive[victim] = await world.start();
      }
      const auditor = await Auditor.open(world.store);
      await auditor.finished(60_000);
      const [jobs, runs] = [await auditor.jobs(), await auditor.runs()];
      await auditor.close();
      expect(jobs.length).toBe(201);
      expect(
        findFaults(jobs, runs, await world.effects(), {
          fromAt: startAt.getTime(),
          toAt: endAt.getTime(),
        }).join('\n'),
      ).toBe('');
      expect((await world.effects()).length).toBeGreaterThan(500);
    },
    PATIENCE * ROUNDS,
  );

  it.for(CRASH_POINTS)('lose and double no tick: killed %s', { timeout: PATIENCE }, async (crashAt, test) => {
    const world = await cluster(test);
    const first = await world.start({ crashAt });
    await first.answered(({ kind }) => kind === 'ready');
    const startAt = new Date(Math.ceil(Date.now() / 1_000) * 1_000 + 500);
    const endAt = new Date(startAt.getTime() + 2_000);
    await first.add([
      {
        id: 'job',
        trigger: every('1s', { startAt, endAt }).toJSON(),
        coalesce: 'all',
        overlap: 'queueAll',
        payload: { ms: 10 },
      },
    ]);
    await first.exited;
    expect(world.crashed).toBe(true);
    await world.start();
    const auditor = await Auditor.open(world.store);
    await auditor.finished(20_000);
    const [jobs, runs] = [await auditor.jobs(), await auditor.runs()];
    await auditor.close();
    const effects = await world.effects();
    expect(findFaults(jobs, runs, effects, { fromAt: startAt.getTime(), toAt: endAt.getTime() })).toEqual([]);
    expect(runs.map(({ outcome }) => outcome)).toEqual(['succeeded', 'succeeded', 'succeeded']);
    // What had begun was begun again; what had not was begun once.
    const began = effects.filter(({ kind, tick }) => kind === 'began' && tick === startAt.getTime());
    expect(began.length).toBe(crashAt === 'afterTheEffect' || crashAt === 'beforeComplete' ? 2 : 1);
  });

  it(
    'take a run over from a process that stands still past its lease, whose signal is aborted and whose end is refused',
    async (test) => {
      const world = await cluster(test);
      const first = await world.start();
      const startAt = new Date(Date.now() + 300);
      await first.add([
        {
          id: 'job',
          trigger: { type: 'date', at: startAt.toISOString() },
          payload: { forever: true },
          onAbandoned: 'rerun',
        },
      ]);
      await until(async () => (await world.effects()).length === 1);
      // In the middle of a write it would hold SQLite's lock for as long as it stands still.
      await later(200);
      first.freeze();
      const second = await world.start();
      await until(async () => (await world.effects()).filter(({ kind }) => kind === 'began').length === 2);
      first.thaw();
      await until(async () => (await world.effects()).some(({ kind }) => kind === 'aborted'));
      const [before, after, aborted] = await world.effects();
      expect(before).toMatchObject({ kind: 'began', replica: first.name, attempt: 1 });
      expect(after).toMatchObject({ kind: 'began', replica: second.name, attempt: 2, runId: before!.runId });
      expect(after!.token).toBeGreaterThan(before!.token);
      expect(aborted).toMatchObject({ kind: 'aborted', replica: first.name, reason: 'LEASE_LOST' });
      await first.stop();
      const auditor = await Auditor.open(world.store);
      const [run] = await auditor.runs();
      await auditor.close();
      // The end of the stale holder changed nothing: the run is the second's.
      expect(run).toMatchObject({
        state: 'running',
        attempt: 2,
        attempts: [{ attempt: 1, result: 'abandoned' }],
      });
    },
    PATIENCE,
  );

  it(
    'leave no gap when replicas stop just before a tick and start just after it',
    async (test) => {
      const world = await cluster(test);
      const rounds = 3 * ROUNDS;
      const seed = await world.start();
      const startAt = new Date(Math.ceil(Date.now() / 1_000) * 1_000 + 3_000);
      const endAt = new Date(startAt.getTime() + rounds * 2_000);
      // Queued, so that a machine on which a start takes longer than a period skips nothing.
      const trigger = every('2s', { startAt, endAt }).toJSON();
      await seed.add([{ id: 'job', trigger, coalesce: 'all', overlap: 'queueAll' }]);
      let current = seed;
      for (let round = 0; round < rounds; round++) {
        const tick = startAt.getTime() + round * 2_000;
        await later(tick - 10 - Date.now());
        const stopped = current.stop();
        await later(tick + 10 - Date.now());
        current = await world.start();
        await stopped;
      }
      const auditor = await Auditor.open(world.store);
      await auditor.finished(20_000);
      const [jobs, runs] = [await auditor.jobs(), await auditor.runs()];
      await auditor.close();
      expect(
        findFaults(jobs, runs, await world.effects(), {
          fromAt: startAt.getTime(),
          toAt: endAt.getTime(),
        }).join('\n'),
      ).toBe('');
      // A second attempt would mean that a replica left a run behind when it stopped.
      const others = runs.filter(({ outcome, attempt }) => outcome !== 'succeeded' || attempt !== 1);
      expect(others).toEqual([]);
      expect(runs.length).toBe(rounds + 1);
    },
    PATIENCE * ROUNDS,
  );
});

async function until(holds: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 20_000;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`It did not happen within 20 s: ${holds.toString()}`);
    await later(20);
  }
}
