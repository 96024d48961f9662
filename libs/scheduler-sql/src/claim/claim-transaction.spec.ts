import { type Claim, every, readPolicies, type PolicyOptions } from '@carillon/scheduler/store';
import { expect, it, describe } from 'vitest';
import { eachDatabase, type ScratchDatabase } from '../../../../test/servers/each-database.js';
import { SqlStore } from '../sql-store.js';

const START = Date.UTC(2026, 5, 1);
const STEP_MS = 500;
const STEPS = Number(process.env.STEPS ?? 40);
const OPTIONS = { leaseMs: 30_000, pollMs: 5_000, retention: { ageMs: null, perJob: null } };

const JOBS: Record<string, PolicyOptions & { mode?: 'delay' }> = {
  skips: { overlap: 'skip' },
  queuesOne: { overlap: 'queueOne' },
  queuesAll: { overlap: 'queueAll' },
  cancels: { overlap: 'cancelPrevious' },
  allows: { overlap: 'allow', maxInstances: 3, group: 'few' },
  retries: { overlap: 'queueOne', retry: 3, pauseAfterFailures: 1_000 },
  delays: { mode: 'delay', overlap: 'skip' },
  catchesUp: { coalesce: 'all', overlap: 'queueOne' },
};

/** A sequence that looks random, the same each time. */
function dice(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

async function openReplica(scratch: ScratchDatabase, replica: string): Promise<SqlStore> {
  const store = new SqlStore({ options: OPTIONS, connect: () => scratch.open() });
  const concurrency = { whole: null, groups: { few: 2 } };
  await store.open({ replica, concurrency, handlers: () => ['work'], onHint: () => undefined });
  return store;
}

describe.each(eachDatabase)('several replicas at once in %s', (_, database) => {
  it('lose no tick, run none twice, and leave no run waiting forever', async () => {
    const scratch = await database.scratch();
    const replicas = await Promise.all(['a', 'b', 'c'].map((name) => openReplica(scratch, name)));
    try {
      let now = START;
      for (const [id, { mode, ...options }] of Object.entries(JOBS)) {
        const trigger = every('1s', mode === undefined ? {} : { mode }).bind({ jobId: id, anchorAt: START });
        const policies = readPolicies(options);
        await replicas[0]!.putJob(
          { id, trigger, handler: 'work', payload: undefined, policies, origin: 'added', disabled: false },
          'error',
          now,
        );
      }
      const held: Map<string, Claim>[] = replicas.map(() => new Map());
      const alive = new Map<string, Set<string>>();
      const seen = new Set<string>();
      const step = async (index: number, random: () => number, all: boolean) => {
        const store = replicas[index]!;
        const mine = held[index]!;
        const completing = [...mine.values()]
          .filter(() => all || random() < 0.4)
          .map(async (claim) => {
            const failed = random() < 0.3;
            const retryAt = failed && claim.attempt < claim.policies.retry.attempts ? now + 300 : null;
            alive.get(claim.jobId)!.delete(claim.runId);
            mine.delete(claim.runId);
            const result = failed
              ? ({ kind: 'failed', error: new Error('no') } as const)
              : ({ kind: 'succeeded', value: 1 } as const);
            const end = { claim, result, startedAt: now, endedAt: now, durationMs: 1, retryAt };
            expect(await store.complete(end, false)).not.toBe('refused');
          });
        const claiming = store.claimDue({ now, limit: 20 }).then((batch) => {
          for (const claim of batch.claims) {
            const key = `${claim.runId}#${claim.token}`;
            expect(seen.has(key), key).toBe(false);
            seen.add(key);
            mine.set(claim.runId, claim);
            const ofJob = alive.get(claim.jobId) ?? new Set();
            alive.set(claim.jobId, ofJob.add(claim.runId));
            // Its group has fewer slots than maxInstances.
            const most = claim.policies.overlap === 'allow' ? 2 : 1;
            expect(ofJob.size, claim.jobId).toBeLessThanOrEqual(most);
          }
        });
        const asking = all
          ? null
          : random() < 0.2
            ? store.requestRun({ jobId: 'queuesAll', payload: index, now })
            : random() < 0.1
              ? store.changeJob('skips', { kind: 'edit', edit: { payload: now } }, now)
              : null;
        await Promise.all([...completing, claiming, asking, store.renew([...mine.values()], now)]);
      };
      const randoms = replicas.map((_one, index) => dice(index + 1));
      for (let count = 0; count < STEPS; count++) {
        now += STEP_MS;
        await Promise.all(replicas.map((_one, index) => step(index, randoms[index]!, false)));
      }
      for (const id of Object.keys(JOBS))
        await replicas[0]!.changeJob(id, { kind: 'pause', note: null, by: null, until: null }, now);
      for (let count = 0; count < STEPS * 3; count++) {
        now += STEP_MS;
        for (const index of replicas.keys()) await step(index, randoms[index]!, true);
      }
      // The span of the pause has the ticks that were overdue when it began.
      for (const id of Object.keys(JOBS)) await replicas[0]!.changeJob(id, { kind: 'resume' }, now);

      for (const id of Object.keys(JOBS)) {
        const [job] = (await replicas[0]!.listJobs({})).filter((one) => one.id === id);
        expect(job!.alive, id).toBe(0);
        const runs = await replicas[0]!.listRuns({ jobId: id, limit: 1_000 });
        expect(runs.every(({ state }) => state === 'ended')).toBe(true);
        // The ticks of a delay depend on when its runs ended.
        const isDelay = id === 'delays';
        expect(runs.length).toBeGreaterThan(isDelay ? STEPS / 10 : 0);
        if (isDelay) continue;
        // Each second is one tick: it has a row of its own, or is in one span.
        const ticks = runs.flatMap(({ scheduledAt, scheduledUntil }) => {
          if (scheduledAt === null) return [];
          const all: number[] = [];
          for (let at = scheduledAt.getTime(); at <= (scheduledUntil ?? scheduledAt).getTime(); at += 1_000)
            all.push(at);
          return all;
        });
        const last = Math.floor((now - START) / 1_000);
        const expected = Array.from({ length: last }, (_tick, index) => START + (index + 1) * 1_000);
        expect(
          ticks.toSorted((one, other) => one - other),
          id,
        ).toEqual(expected);
      }
    } finally {
      for (const store of replicas) await store.close();
      await scratch.drop();
    }
  }, 120_000);
});
