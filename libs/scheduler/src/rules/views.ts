import type { AttemptRecord, Job, JsonValue, KeptLogLine, Run, RunProgress } from '../model/index.js';
import { toDate } from '../timing/index.js';
import type { JobRecord, RunRecord } from './records.js';

/** The job as `getJob` returns it. @param payload a copy @param alive runs that have not ended, or hold a slot */
export function viewJob(job: JobRecord, payload: JsonValue | undefined, alive: number): Job {
  const { pause } = job;
  return {
    id: job.id,
    trigger: job.trigger,
    handler: typeof job.handler === 'string' ? job.handler : '(function)',
    payload,
    policies: job.policies,
    origin: job.origin,
    state: job.state,
    pause: pause && { note: pause.note, by: pause.by, at: new Date(pause.at), until: toDate(pause.until) },
    parkedBecause: job.parkedBecause,
    nextDueAt: job.state === 'active' ? toDate(job.dueAt) : null,
    lastTickAt: toDate(job.lastTickAt),
    failuresInRow: job.failuresInRow,
    runsStarted: job.runsStarted,
    alive,
    addedAt: new Date(job.addedAt),
    version: job.version,
  };
}

/** The run as `getRuns` returns it. */
export function viewRun(run: RunRecord, progress: RunProgress | null, log: KeptLogLine[]): Run {
  return {
    id: run.id,
    jobId: run.jobId,
    scheduledAt: toDate(run.scheduledAt),
    scheduledUntil: toDate(run.scheduledUntil),
    standsFor: toDate(run.standsForAt),
    count: run.count,
    countIsAtLeast: run.countIsAtLeast,
    state: run.state,
    outcome: run.outcome,
    reason: run.reason,
    attempt: run.attempt,
    attempts: attemptRecords(run),
    startedAt: toDate(run.startedAt),
    endedAt: toDate(run.endedAt),
    retryAt: run.state === 'waiting' && run.attempt > 0 ? new Date(run.dueAt) : null,
    latenessMs: run.latenessMs,
    coalesced: run.coalesced,
    error: run.error,
    result: run.result,
    progress,
    log,
  };
}

function attemptRecords({ attempts, attempt, startedAt, endedAt }: RunRecord): AttemptRecord[] {
  if (attempts !== null) return [...attempts];
  // A first attempt that succeeded keeps no record.
  if (attempt !== 1 || startedAt === null || endedAt === null) return [];
  return [
    {
      attempt,
      result: 'succeeded',
      startedAt: new Date(startedAt),
      endedAt: new Date(endedAt),
      error: null,
    },
  ];
}
