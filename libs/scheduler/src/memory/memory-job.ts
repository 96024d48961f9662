import type {
  HandlerReference,
  Job,
  JobOrigin,
  JobSpec,
  JobState,
  JsonValue,
  Policies,
} from '../model/index.js';
import type { Trigger } from '../timing/index.js';
import type { MemoryRun } from './memory-run.js';

interface PauseRecord {
  readonly note: string | null;
  readonly by: string | null;
  readonly at: number;
  readonly until: number | null;
  /** The first tick inside the pause; null when there is none yet. */
  readonly firstTickAt: number | null;
}

/** A job as the memory store keeps it: few fields, because there may be a million. */
export class MemoryJob {
  trigger: Trigger;
  handler: HandlerReference;
  payload: JsonValue | undefined;
  policies: Policies;
  origin: JobOrigin;
  state: JobState = 'active';
  pause: PauseRecord | null = null;
  parkedBecause: string | null = null;
  lastTickAt: number | null = null;
  /** The tick that the job waits for while jitter delays it; null when the tick is due as it is. */
  delayedTickAt: number | null = null;
  /** The next tick is computed when the run ends (T2). */
  awaitsRun = false;
  failuresInRow = 0;
  /** It was removed; a run under way ends without it. */
  isGone = false;
  /** A run that catches up is running or waiting; the next one goes behind it. */
  isCatchingUp = false;
  runsStarted = 0;
  /** Runs made by ticks that are queued, or wait for a place, and have not started. */
  unstarted = 0;
  /** Runs that are running, waiting or queued. */
  alive = 0;
  /** Runs that go one after the other behind the one that is alive. */
  queue: MemoryRun[] | null = null;
  version = 1;
  /** The ends of the chain of its rows in the history, and how many they are. */
  oldestRow: MemoryRun | null = null;
  newestRow: MemoryRun | null = null;
  rows = 0;

  constructor(
    readonly slot: number,
    readonly id: string,
    spec: JobSpec,
    readonly addedAt: number,
  ) {
    this.trigger = spec.trigger;
    this.handler = spec.handler;
    this.payload = spec.payload;
    this.policies = spec.policies;
    this.origin = spec.origin;
  }

  get handlerName(): string {
    return typeof this.handler === 'string' ? this.handler : '(function)';
  }

  /** Runs that are running or waiting: those that are not queued behind them. */
  get active(): number {
    return this.alive - (this.queue?.length ?? 0);
  }

  /** Runs that `maxRuns` still allows, those set aside that ticks made already; null for any number. */
  get runsLeft(): number | null {
    const { maxRuns } = this.policies;
    if (maxRuns === null) return null;
    return Math.max(0, maxRuns - this.runsStarted - this.unstarted);
  }

  toJob(nextDueAt: number | null): Job {
    const { pause } = this;
    return {
      id: this.id,
      trigger: this.trigger,
      handler: this.handlerName,
      payload: this.payload === undefined ? undefined : structuredClone(this.payload),
      policies: this.policies,
      origin: this.origin,
      state: this.state,
      pause: pause && { note: pause.note, by: pause.by, at: new Date(pause.at), until: toDate(pause.until) },
      parkedBecause: this.parkedBecause,
      nextDueAt: this.state === 'active' ? toDate(nextDueAt) : null,
      failuresInRow: this.failuresInRow,
      lastTickAt: toDate(this.lastTickAt),
      runsStarted: this.runsStarted,
      alive: this.alive,
      addedAt: new Date(this.addedAt),
      version: this.version,
    };
  }
}

export function toDate(at: number | null): Date | null {
  return at === null ? null : new Date(at);
}
