import type { AttemptResult, Claim } from '../model/index.js';
import { type Placement, placeRun } from '../rules/index.js';
import type { JobStateChange, RecordedOutcome, CompletionEffect } from '../ports/index.js';
import type { JobBook } from './job-book.js';
import type { MemoryJob } from './memory-job.js';
import type { MemoryRun } from './memory-run.js';
import type { RunBook } from './run-book.js';

/** The runs of one job among each other: who waits for whom, and what the end of one brings about. */
export class RunQueue {
  constructor(
    private readonly jobs: JobBook,
    private readonly runs: RunBook,
  ) {}

  /** The run waits behind what is alive; what it takes the place of ends (O1). */
  queueBehind(
    run: MemoryRun,
    placement: Placement,
    now: number,
    recorded: RecordedOutcome[],
    cancelled: Claim[],
  ): void {
    const { job } = run;
    if (placement !== 'queue' && job.queue) {
      const kept = job.queue.filter(({ details }) => details.isCatchUp);
      for (const waiting of job.queue) {
        if (!waiting.details.isCatchUp)
          this.runs.endUnstarted(waiting, 'coalesced', 'merged', now, recorded, run);
      }
      job.queue = kept.length > 0 ? kept : null;
    }
    if (placement === 'cancelPrevious') {
      for (const previous of this.runs.aliveOf(job)) {
        // What catches up is nobody's previous run.
        if (previous === run || previous.details.isCatchUp || previous.state === 'queued') continue;
        previous.noted.isReplaced = true;
        if (previous.state === 'running') cancelled.push(previous);
        else this.runs.endUnstarted(previous, 'cancelled', 'replaced', now, recorded);
      }
    }
    this.runs.queue(run);
    this.goOn(job);
  }

  /**
   * The job has a run less alive: what is queued goes on, or the tick that waited for it is known.
   * True when that ended the job.
   */
  freePlace(run: MemoryRun, endedAt: number): boolean {
    const { job } = run;
    job.alive--;
    if (run.details.isCatchUp) job.isCatchingUp = false;
    // Its slot may be another job's by now.
    if (job.isGone) return false;
    if (job.queue !== null) this.goOn(job);
    const finished = job.awaitsRun && job.alive === 0 && this.afterRun(job, endedAt);
    if (job.state === 'finished') this.jobs.dropFinished(job);
    return finished;
  }

  /** Lets the first queued run go on if nothing is before it: runs that catch up go one after the other whatever `overlap` says. */
  goOn(job: MemoryJob): void {
    const next = job.queue?.[0];
    if (!next || (next.details.isCatchUp && job.isCatchingUp)) return;
    if (placeRun(job.policies, job.active) !== 'start') return;
    job.queue!.shift();
    if (job.queue!.length === 0) job.queue = null;
    if (next.details.isCatchUp) job.isCatchingUp = true;
    this.runs.wait(next, next.dueAt);
  }

  /** T2: the next tick comes one period after the run ended. True when there is none any more. */
  private afterRun(job: MemoryJob, endedAt: number): boolean {
    job.awaitsRun = false;
    const nextAt = job.trigger.nextAt(endedAt);
    const changed: JobStateChange[] = [];
    if (job.state === 'paused' && job.pause) job.pause = { ...job.pause, firstTickAt: nextAt };
    else if (job.state === 'active') this.jobs.schedule(job, nextAt, changed);
    return changed.length > 0;
  }

  /** O4: one failed run too many in a row pauses the job. */
  countFailure(job: MemoryJob, result: AttemptResult['kind'], now: number): CompletionEffect {
    if (result === 'succeeded') job.failuresInRow = 0;
    if (job.isGone) return 'recorded';
    if (result !== 'failed' && result !== 'timedOut') return 'recorded';
    job.failuresInRow++;
    const { pauseAfterFailures } = job.policies;
    if (pauseAfterFailures === null || job.failuresInRow < pauseAfterFailures || job.state !== 'active')
      return 'recorded';
    this.jobs.pause(
      job,
      { note: `${job.failuresInRow} failed runs in a row`, by: 'pauseAfterFailures', until: null },
      now,
    );
    job.failuresInRow = 0;
    return 'pausedJob';
  }
}
