import type { Job, Run, RunFilter } from '@carillon/scheduler';
import { isLeased, NO_LIMITS, type Store } from '@carillon/scheduler/store';
import { findRowFaults } from '../engine/ledger/audit.js';
import { storeOf, type StoreSettings } from './replica/store-of.js';
import { findDoubleRuns, findMismatches } from './compare-effects.js';
import type { Effect } from './replica/protocol.js';

/** Reads a store through its own verbs, and runs nothing. */
export class Auditor {
  private constructor(private readonly store: Store) {}

  static async open(settings: StoreSettings): Promise<Auditor> {
    const store = storeOf(settings);
    await store.open({ replica: 'auditor', concurrency: NO_LIMITS, handlers: () => [], onHint: () => {} });
    return new Auditor(store);
  }

  async close(): Promise<void> {
    await this.store.close(Date.now());
  }

  jobs(): Promise<Job[]> {
    return Promise.resolve(this.store.listJobs({}));
  }

  async runs(filter: Omit<RunFilter, 'limit' | 'after'> = {}): Promise<Run[]> {
    const all: Run[] = [];
    for (;;) {
      const page = await this.store.listRuns({ ...filter, limit: 1_000, after: all.at(-1)?.id });
      all.push(...page);
      if (page.length < 1_000) return all;
    }
  }

  /** Resolves once every job has finished and no run is alive. */
  async finished(withinMs: number): Promise<void> {
    const deadline = performance.now() + withinMs;
    for (;;) {
      const jobs = await this.jobs();
      const waiting = jobs.filter(({ state, alive }) => state !== 'finished' || alive > 0);
      if (jobs.length > 0 && waiting.length === 0) return;
      if (performance.now() > deadline) {
        const first = waiting
          .slice(0, 5)
          .map(
            ({ id, state, alive, nextDueAt }) =>
              `${id} ${state} alive ${alive} due ${nextDueAt?.toISOString()}`,
          );
        throw new Error(
          `After ${withinMs} ms ${waiting.length} of ${jobs.length} jobs have not finished:\n${first.join('\n')}`,
        );
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  get isShared(): boolean {
    return isLeased(this.store);
  }
}

/**
 * Compares the ticks between two instants with the history, each row with its attempts, and those with the work of
 * the handlers. Returns what breaks a promise.
 */
export function findFaults(
  jobs: readonly Job[],
  runs: readonly Run[],
  effects: readonly Effect[],
  { fromAt, toAt }: { fromAt: number; toAt: number },
): string[] {
  const faults: string[] = [];
  for (const job of jobs) {
    const recorded = new Map<number, Run[]>();
    for (const run of runs) {
      if (run.jobId !== job.id || run.scheduledAt === null) continue;
      const found = run.state === 'ended' ? findRowFaults(run) : ['has no outcome'];
      faults.push(...found.map((fault) => `${job.id}: run ${run.id} ${fault}`));
      const ticks = ticksIn(
        job,
        run.scheduledAt.getTime(),
        (run.scheduledUntil ?? run.scheduledAt).getTime(),
      );
      if (ticks.length !== run.count)
        faults.push(`${job.id}: row ${run.id} counts ${run.count} ticks of ${ticks.length}`);
      for (const tick of ticks) recorded.set(tick, [...(recorded.get(tick) ?? []), run]);
    }
    // Ticks count from when the job was added.
    const firstAt = job.trigger.firstAt(job.addedAt.getTime()) ?? Number.POSITIVE_INFINITY;
    const expected = new Set(ticksIn(job, Math.max(fromAt, firstAt), toAt));
    for (const tick of expected) {
      const rows = recorded.get(tick) ?? [];
      if (rows.length === 1) continue;
      const outcomes = rows.map(({ id, outcome, reason }) => `${outcome} ${reason} in ${id}`).join(', ');
      faults.push(
        `${job.id}: the tick ${new Date(tick).toISOString()} has ${rows.length} outcomes: ${outcomes}`,
      );
    }
    for (const tick of recorded.keys()) {
      if (!expected.has(tick)) faults.push(`${job.id}: ${new Date(tick).toISOString()} is no tick`);
    }
  }
  return [...faults, ...findDoubleRuns(runs, effects), ...findMismatches(runs, effects)];
}

/** The ticks of the job's trigger in [fromAt, toAt], one by one. */
function ticksIn({ trigger }: Job, fromAt: number, toAt: number): number[] {
  const ticks: number[] = [];
  for (let at = trigger.nextAt(fromAt - 1); at !== null && at <= toAt; at = trigger.nextAt(at))
    ticks.push(at);
  return ticks;
}
