import type { HandlerReference, JobOrigin, JobSpec, JobState, JsonValue, Policies } from '../model/index.js';
import { type JobRecord, LiveRuns, type PauseRecord } from '../rules/index.js';
import type { Trigger } from '../timing/index.js';
import type { DueQueue } from './due-queue.js';
import type { MemoryRun } from './memory-run.js';

/** All jobs of a store share it. */
export interface JobHome {
  readonly due: DueQueue;
  /** Begins the id of each run. */
  readonly runIdPrefix: string;
}

/**
 * A job in memory: few fields, because there may be a million. Its due instant is in the queue alone, and the fields
 * of a record that only stores on a disk need take no room.
 */
export class MemoryJob implements JobRecord {
  trigger: Trigger;
  handler: HandlerReference;
  payload: JsonValue | undefined;
  policies: Policies;
  origin: JobOrigin;
  state: JobState = 'active';
  pause: PauseRecord | null = null;
  parkedBecause: string | null = null;
  lastTickAt: number | null = null;
  /** The next tick while jitter delays it; null when the tick is due as it is. */
  delayedTickAt: number | null = null;
  awaitsRun = false;
  failuresInRow = 0;
  runsStarted = 0;
  span: MemoryRun | null = null;
  version = 1;
  /** It was removed; a run at work ends without it. */
  isGone = false;
  /** Null while no run is alive; one alone needs no list. */
  live: LiveRuns<MemoryRun> | MemoryRun | null = null;
  /** The ends of the chain of its rows in the history, and their number. */
  oldestRow: MemoryRun | null = null;
  newestRow: MemoryRun | null = null;
  rows = 0;

  constructor(
    readonly home: JobHome,
    readonly handle: number,
    spec: JobSpec,
    readonly addedAt: number,
  ) {
    this.id = spec.id;
    this.trigger = spec.trigger;
    this.handler = spec.handler;
    this.payload = spec.payload;
    this.policies = spec.policies;
    this.origin = spec.origin;
    if (spec.disabled) this.state = 'disabled';
  }

  readonly id: string;

  get dueAt(): number | null {
    return this.home.due.instantOf(this.handle);
  }

  get nextTickAt(): number | null {
    return this.state === 'active' ? (this.delayedTickAt ?? this.dueAt) : null;
  }

  get alive(): number {
    const { live } = this;
    return live instanceof LiveRuns ? live.alive : live === null ? 0 : 1;
  }

  // Runs hold on to their job, so that its ticks need no key.
  get generation(): number {
    return 0;
  }
  set generation(_: number) {}
  get declaration(): null {
    return null;
  }
  set declaration(_: string | null) {}
  get zoneVersion(): string {
    return '';
  }
  set zoneVersion(_: string) {}
  get updatedAt(): number {
    return this.addedAt;
  }
  set updatedAt(_: number) {}
}
