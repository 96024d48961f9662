import type { Claim } from '../model/index.js';
import type { JobStateChange, RecordedOutcome, RecoveredAttempt } from '../ports/index.js';
import type { RunRecord } from './records.js';

const NONE = Object.freeze<never[]>([]) as never[];

/**
 * Facts that rules establish while they decide, in order; one object for all units of a verb. Lists are made when
 * they are first needed: most claims in memory have one claim and nothing else.
 */
export class Facts<Run extends RunRecord = RunRecord> {
  recorded: RecordedOutcome[] = NONE;
  changed: JobStateChange[] = NONE;
  recovered: RecoveredAttempt[] = NONE;
  claims: Claim[] = NONE;
  /** Runs at work, on whichever replica, that a newer run replaces. */
  replaced: Run[] = NONE;

  /** For the result of a verb. */
  get effects(): { recorded: RecordedOutcome[]; changed: JobStateChange[] } {
    return { recorded: this.recorded, changed: this.changed };
  }

  record(outcome: RecordedOutcome): void {
    this.recorded = appended(this.recorded, outcome);
  }

  change(change: JobStateChange): void {
    this.changed = appended(this.changed, change);
  }

  recover(attempt: RecoveredAttempt): void {
    this.recovered = appended(this.recovered, attempt);
  }

  claim(claim: Claim): void {
    if (this.claims.length === 0) this.claims = [claim];
    else this.claims.push(claim);
  }

  replace(run: Run): void {
    this.replaced = appended(this.replaced, run);
  }
}

function appended<T>(list: T[], item: T): T[] {
  if (list.length === 0) return [item];
  list.push(item);
  return list;
}

/** @param into for coalesced ticks the run that they were merged into */
export function recordedOutcome(run: RunRecord, into: RunRecord | null): RecordedOutcome {
  return {
    jobId: run.jobId,
    runId: run.id,
    outcome: run.outcome as RecordedOutcome['outcome'],
    reason: run.reason!,
    scheduledAt: run.scheduledAt,
    scheduledUntil: run.scheduledUntil ?? run.scheduledAt,
    count: run.count,
    countIsAtLeast: run.countIsAtLeast && run.count > 1,
    attempt: run.attempt,
    into: run.outcome === 'coalesced' && into ? into.id : null,
  };
}
