import type { Run, SchedulerEvent } from '../../../libs/scheduler/src/model/index.js';
import { auditRows } from './audit.js';
import { ascending, type DueTimes } from './due-times.js';
import type { OneProcess } from './one-process.js';
import type { JobPlan } from './plans.js';

export interface PlannedJob {
  readonly due: DueTimes;
  plan: JobPlan;
  handlerName: string;
  isEnabled: boolean;
  isGone: boolean;
  /** It has had other policies or triggers than at first. */
  isChanged: boolean;
  /** It has had a trigger whose ticks depend on when its runs ended. */
  waitedForRuns: boolean;
}

/** What should be recorded, and what is. */
export class Ledger {
  readonly jobs = new Map<string, PlannedJob>();
  process!: OneProcess;
  askedFor = 0;
  backfilled = 0;
  private events: SchedulerEvent[] = [];

  constructor(private readonly problems: string[]) {}

  /** T6: a job that has had its last run is not due any more. */
  async noteFinished(): Promise<void> {
    for (const [id, job] of this.jobs) {
      const { maxRuns } = job.plan.policies;
      if (job.isGone || typeof maxRuns !== 'number') continue;
      const { ticksStarted } = this.process.handlers.get(job.handlerName)!;
      if (!job.isChanged && ticksStarted > maxRuns)
        this.problems.push(`${id} ran ${ticksStarted} times, and maxRuns is ${maxRuns}`);
      const shown = await this.process.engine.getJob(id);
      if (shown?.state === 'finished') job.due.finish(await this.recorded(id));
    }
  }

  /** The process has stopped: in memory everything that was due has its outcome, else the rest is late. */
  async close(): Promise<void> {
    await this.noteFinished();
    const { isDurable } = this;
    this.events.push(...this.process.events);
    const rows = await this.rows();
    auditRows({ rows, events: this.events, isDurable, problems: this.problems });
    this.auditRequests(rows);
    for (const [id, job] of this.jobs) await this.compare(id, job);
    if (isDurable) return;
    this.askedFor = 0;
    this.backfilled = 0;
    this.events = [];
  }

  private get isDurable(): boolean {
    return this.process.store.durable;
  }

  private auditRequests(rows: readonly Run[]): void {
    const withoutTick = rows.filter(({ scheduledAt }) => scheduledAt === null);
    const stoodFor = withoutTick.filter(({ standsFor }) => standsFor !== null).length;
    const byHand = withoutTick.length - stoodFor;
    if (byHand !== this.askedFor)
      this.problems.push(`${this.askedFor} runs were asked for, and ${byHand} are recorded`);
    if (stoodFor !== this.backfilled)
      this.problems.push(`${this.backfilled} instants were made up for, and ${stoodFor} are recorded`);
  }

  private async compare(id: string, job: PlannedJob): Promise<void> {
    const recorded = await this.recorded(id);
    if (job.waitedForRuns) return;
    const expected = job.due.upTo(this.process.stoppedAt, recorded);
    if (this.isDurable) {
      const shown = await this.process.engine.getJob(id);
      const pending = expected.slice(recorded.length);
      // What is late stays known; what a pause passes over is recorded when it ends.
      if (pending.length > 0 && (shown?.state === 'active' || shown?.state === 'paused')) {
        const dueAt = pending[0]! + shown.trigger.delayAt(pending[0]!);
        if (shown.state === 'active' && shown.nextDueAt?.getTime() !== dueAt)
          this.problems.push(`${id} has forgotten ${show(pending)}`);
        expected.length = recorded.length;
      }
    }
    const lost = without(expected, recorded);
    const added = without(recorded, expected);
    if (lost.length > 0) this.problems.push(`${id} has no outcome for ${show(lost)}`);
    if (added.length > 0) this.problems.push(`${id} was not due at ${show(added)}, or once only`);
  }

  async rows(jobId?: string): Promise<Run[]> {
    return this.process.engine.getRuns({ jobId, limit: 1_000_000 });
  }

  /** The ticks that are in the history, each as often as it is; spans are spread out. */
  async recorded(id: string): Promise<number[]> {
    const ticks: number[] = [];
    for (const { scheduledAt, scheduledUntil, count } of await this.rows(id)) {
      if (scheduledAt === null) continue;
      const at = scheduledAt.getTime();
      const { due, waitedForRuns } = this.jobs.get(id)!;
      const span = count === 1 ? [at] : due.inSpan(at, scheduledUntil!.getTime(), count);
      if (span) ticks.push(...span);
      // Between two of its ticks lies what its trigger alone does not know.
      else if (waitedForRuns) ticks.push(at, scheduledUntil!.getTime());
      else this.problems.push(`${id} has a span of ${count} from ${show([at])} that is no trigger's`);
    }
    return ticks.sort(ascending);
  }
}

/** What is in one list more often than in the other. */
function without(list: readonly number[], other: readonly number[]): number[] {
  const left = new Map<number, number>();
  for (const at of other) left.set(at, (left.get(at) ?? 0) + 1);
  return list.filter((at) => {
    const count = left.get(at) ?? 0;
    left.set(at, count - 1);
    return count <= 0;
  });
}

function show(instants: readonly number[]): string {
  return instants
    .slice(0, 5)
    .map((at) => new Date(at).toISOString().slice(11, 23))
    .concat(instants.length > 5 ? [`and ${instants.length - 5} more`] : [])
    .join(', ');
}
