import { writeRunLine } from '../nest/log/log-listener.js';
import { createRuntime, type Runtime } from '../nest/runtime.js';
import type { Settings } from '../nest/scheduler-options.js';
import type { SchedulerEventOf } from '../model/index.js';
import type { ManualClock } from './manual-clock.js';
import { clearTimeout, setTimeout } from './real-timers.js';
import { TimeTravelError } from './time-travel-error.js';
import { WatchedRunner } from './watched-runner.js';
import { WatchedStore } from './watched-store.js';

/** Most handlers settle within so many rounds of the event loop. Later rounds sleep in between, to spare the machine. */
const QUICK_ROUNDS = 50;
const NO_LIMIT = { perJob: Infinity, total: Infinity };

export interface SteeringOptions {
  readonly patienceMs: number;
  readonly keepStore: boolean;
}

/** The scheduler of one application on a manual clock. Lets time pass for it. */
export class SteeredScheduler {
  readonly runtime: Runtime;
  readonly runner: WatchedRunner;
  phase: 'compiled' | 'running' | 'stopping' | 'stopped' = 'compiled';
  /** The ticks that runs were started for, UTC ms by job. Empty without a kept store. */
  readonly starts = new Map<string, number[]>();
  private readonly store = new WatchedStore();

  constructor(
    settings: Settings,
    private readonly clock: ManualClock,
    private readonly options: SteeringOptions,
  ) {
    const runtime = createRuntime(
      {
        ...settings,
        store: options.keepStore && settings.store ? this.store.watch(settings.store) : null,
        engine: null,
        history: NO_LIMIT,
        // The test alone steps this clock, and a check each second would be 31 million checks a year.
        maxSleepMs: Infinity,
      },
      clock,
      writeRunLine,
    );
    this.runner = new WatchedRunner(runtime.runner);
    this.runtime = { ...runtime, runner: this.runner };
    const { hub } = runtime;
    // A kept store forgets: its retention is not the test's.
    if (options.keepStore) hub.on('run.started').subscribe((event) => this.noteStart(event));
    hub.on('scheduler.started').subscribe(() => (this.phase = 'running'));
    hub.on('scheduler.draining').subscribe(() => void this.letStop(settings));
    hub.on('scheduler.stopped').subscribe(() => (this.phase = 'stopped'));
  }

  /** @throws TimeTravelError before the start and from the drain on */
  requireRunning(verb: string): void {
    if (this.phase === 'running') return;
    throw new TimeTravelError(
      this.phase === 'compiled'
        ? `${verb}() needs an application that runs. Call await app.init() first: the scheduler starts with it.`
        : `${verb}() needs an application that runs; this one has been closed.`,
    );
  }

  /** Lets time pass until the wall clock shows `at`, UTC ms: from timer to timer, each awaited. */
  async passUntil(at: number): Promise<void> {
    const { clock } = this;
    await this.rest();
    while (clock.fireNextWithin(at - clock.now())) await this.rest();
    clock.suspend(at - clock.now());
  }

  /** Waits, in real time, for the handlers and store verbs that began at this instant. */
  async rest(): Promise<void> {
    let patience: NodeJS.Timeout | null = null;
    let isOver = false;
    try {
      for (let rounds = 0; ; rounds++) {
        await this.clock.settle();
        const isAwaited = this.runner.awaited().length > 0;
        if (!isAwaited && !this.store.isBusy) return;
        if (isAwaited && isOver) this.runner.giveUp();
        patience ??= setTimeout(() => (isOver = true), this.options.patienceMs);
        if (rounds > QUICK_ROUNDS) await new Promise((resolve) => setTimeout(resolve, 1));
      }
    } finally {
      if (patience !== null) clearTimeout(patience);
    }
  }

  /** A shutdown waits for handlers in the scheduler's time: lets it pass. */
  private async letStop({ drainTimeoutMs, abortGraceMs }: Settings): Promise<void> {
    this.phase = 'stopping';
    const endAt = this.clock.now() + drainTimeoutMs + abortGraceMs;
    do {
      await this.rest();
      // Handlers that were given up may end by themselves once their signals are aborted.
      this.runner.hopeAgain();
    } while (!this.isStopped && this.clock.fireNextWithin(endAt - this.clock.now()));
  }

  private noteStart({ jobId, scheduledAt, attempt }: SchedulerEventOf<'run.started'>): void {
    if (scheduledAt === null || attempt > 1) return;
    const starts = this.starts.get(jobId);
    if (starts === undefined) this.starts.set(jobId, [scheduledAt.getTime()]);
    else starts.push(scheduledAt.getTime());
  }

  private get isStopped(): boolean {
    return this.phase === 'stopped';
  }
}
