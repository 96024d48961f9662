import type { OutcomeReason } from './run.js';

interface SchedulerFact {
  at: Date;
  /** The process that publishes the event. */
  replica: string;
}
interface JobFact extends SchedulerFact {
  jobId: string;
}
interface RunFact extends JobFact {
  runId: string;
  /** The tick; null for a run requested by hand. */
  scheduledAt: Date | null;
  attempt: number;
}
/** One tick, or a span of ticks with one outcome, that had no run of their own. */
interface TickFact extends JobFact {
  runId: string;
  scheduledAt: Date | null;
  /** Last tick of the span; equal to `scheduledAt` for a single tick. */
  scheduledUntil: Date | null;
  count: number;
  /** `count` is a lower bound: combined triggers count ticks up to 10,000. */
  countIsAtLeast: boolean;
  reason: OutcomeReason;
}
interface CompletionFact extends RunFact {
  durationMs: number;
}
/** `reason` is null for an attempt's own result; `misfireGrace` when the run ends because its retry came too late. */
interface FailureFact extends CompletionFact {
  error: unknown;
  reason: OutcomeReason | null;
}

/** The fields of every event, by type. docs/events.md has a line for each. */
export interface SchedulerEvents {
  'scheduler.started': SchedulerFact & {
    /** Version of the time zone rules in use, e.g. `2026f`; `unknown` for files that do not name theirs. */
    timezoneData: string;
    /** `runtime`, or the folder of the zone files in use. */
    timezoneSource: string;
    /** Version of the rules not in use: the runtime's, or the system's; null where the system has no zone files. */
    otherTimezoneData: string | null;
    /** Zones of jobs whose offsets differ between the two in the next five years. */
    timezonesThatDiffer: string[];
  };
  'scheduler.paused': SchedulerFact;
  'scheduler.resumed': SchedulerFact;
  'scheduler.draining': SchedulerFact & { running: number };
  'scheduler.stopped': SchedulerFact & { abandoned: number };
  /** The wall clock moved by `stepMs` more than elapsed time did; negative when it was set back. */
  'scheduler.clockStepped': SchedulerFact & { stepMs: number };
  /** The scheduler survived an error of its own. */
  'scheduler.faulted': SchedulerFact & { error: unknown; jobId: string | null };
  /** This machine's clock is ahead of the store's by `offsetMs` (negative: behind). The store's clock decides. */
  'scheduler.clockDiffers': SchedulerFact & { offsetMs: number };
  /** This process's time zone data are older than those that other replicas use, or used, for the stored jobs. */
  'scheduler.zoneDataOlder': SchedulerFact & { timezoneData: string; newerTimezoneData: string };
  'store.down': SchedulerFact & { error: unknown };
  'store.up': SchedulerFact & { downMs: number };
  /** A subscriber of the events threw. */
  'listener.failed': SchedulerFact & { error: unknown; jobId: string | null; during: SchedulerEventType };

  'job.added': JobFact;
  'job.edited': JobFact;
  'job.paused': JobFact & { note: string | null; by: string | null; until: Date | null };
  'job.resumed': JobFact;
  'job.removed': JobFact;
  'job.finished': JobFact;
  /** No live replica declares the job any more: it is kept and does not run. */
  'job.orphaned': JobFact;
  'job.parked': JobFact & { error: unknown };

  'run.started': RunFact & { latenessMs: number };
  'run.succeeded': CompletionFact & { result: unknown; latenessMs: number };
  /** A handler called `run.progress`. */
  'run.progressed': RunFact & { share: number; note: string | null };
  'run.failed': FailureFact & { retryAt: Date | null };
  /** `handlerRuns`: the handler has not settled yet; its slot stays held, and a retry waits for it. */
  'run.timedOut': FailureFact & { willRetry: boolean; handlerRuns: boolean };
  'run.skipped': TickFact;
  'run.missed': TickFact;
  'run.coalesced': TickFact & { into: string | null };
  'run.cancelled': TickFact;
  /** `runsAgain`: another attempt of the run follows, so this is not its outcome. */
  'run.abandoned': RunFact & { reason: OutcomeReason; runsAgain: boolean };
}

export type SchedulerEventType = keyof SchedulerEvents;

/** An event of type `T`: its fields and its `type`. */
export type SchedulerEventOf<T extends SchedulerEventType> = {
  [K in T]: { type: K } & SchedulerEvents[K];
}[T];

export type SchedulerEvent = SchedulerEventOf<SchedulerEventType>;

/** A failed attempt of a run: the events of `errors$`. */
export type FailureEvent = SchedulerEventOf<'run.failed' | 'run.timedOut'>;

/** Every event type; a test compares the list with docs/events.md. */
export const EVENT_TYPES = Object.keys({
  'scheduler.started': 0,
  'scheduler.paused': 0,
  'scheduler.resumed': 0,
  'scheduler.draining': 0,
  'scheduler.stopped': 0,
  'scheduler.clockStepped': 0,
  'scheduler.faulted': 0,
  'scheduler.clockDiffers': 0,
  'scheduler.zoneDataOlder': 0,
  'store.down': 0,
  'store.up': 0,
  'listener.failed': 0,
  'job.added': 0,
  'job.edited': 0,
  'job.paused': 0,
  'job.resumed': 0,
  'job.removed': 0,
  'job.finished': 0,
  'job.orphaned': 0,
  'job.parked': 0,
  'run.started': 0,
  'run.succeeded': 0,
  'run.progressed': 0,
  'run.failed': 0,
  'run.timedOut': 0,
  'run.skipped': 0,
  'run.missed': 0,
  'run.coalesced': 0,
  'run.cancelled': 0,
  'run.abandoned': 0,
} satisfies Record<SchedulerEventType, 0>) as SchedulerEventType[];
