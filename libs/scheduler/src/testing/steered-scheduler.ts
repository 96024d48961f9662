import { writeRunLine } from '../nest/log/log-listener.js';
import { createRuntime, type Runtime } from '../nest/runtime.js';
import type { Settings } from '../nest/scheduler-options.js';
import type { ManualClock } from './manual-clock.js';
import { clearTimeout, setTimeout } from './real-timers.js';
import { TimeTravelError } from './time-travel-error.js';
import { WatchedRunner } from './watched-runner.js';
import { WatchedStore } from './watched-store.js';

/** Most handlers settle within these turns of the event loop; after them the machine gets a rest in between. */
const QUICK_TURNS = 50;
const NO_LIMIT = { perJob: Infinity, total: Infinity };

/** The scheduler of one application on a manual clock, and the way in which time passes for it. */
export class SteeredScheduler {
  readonly parts: Runtime;
  readonly runner: WatchedRunner;
  phase: 'compiled' | 'running' | 'stopping' | 'stopped' = 'compiled';
  private readonly store = new WatchedStore();

  constructor(
    settings: Settings,
    private readonly clock: ManualClock,
    private readonly patienceMs: number,
  ) {
    const parts = createRuntime(
      {
        ...settings,
        store: settings.store && this.store.watch(settings.store),
        engine: null,
        history: NO_LIMIT,
        // Nobody steps this clock unseen, and looking at it each second would be 31 million looks a year.
        maxSleepMs: Infinity,
      },
      clock,
      writeRunLine,
    );
    this.runner = new WatchedRunner(parts.runner);
    this.parts = { ...parts, runner: this.runner };
    const { hub } = parts;
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

  /** Waits, in real time, for what has begun at this instant. */
  async rest(): Promise<void> {
    let patience: NodeJS.Timeout | null = null;
    let isOver = false;
    try {
      for (let turns = 0; ; turns++) {
        await this.clock.settle();
        const isAwaited = this.runner.awaited().length > 0;
        if (!isAwaited && !this.store.isBusy) return;
        if (isAwaited && isOver) this.runner.giveUp();
        patience ??= setTimeout(() => (isOver = true), this.patienceMs);
        if (turns > QUICK_TURNS) await new Promise((resolve) => setTimeout(resolve, 1));
      }
    } finally {
      if (patience !== null) clearTimeout(patience);
    }
  }

  /** A shutdown waits for handlers in the scheduler's time, which would stand still. */
  private async letStop({ drainTimeoutMs, abortGraceMs }: Settings): Promise<void> {
    this.phase = 'stopping';
    const endAt = this.clock.now() + drainTimeoutMs + abortGraceMs;
    do {
      await this.rest();
      // What was given up may end by itself now that its signal is aborted.
      this.runner.hopeAgain();
    } while (!this.isStopped && this.clock.fireNextWithin(endAt - this.clock.now()));
  }

  private get isStopped(): boolean {
    return this.phase === 'stopped';
  }
}
