import {
  Inject,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
  type OnModuleInit,
} from '@nestjs/common';
import { SchedulerNotRunningError } from '../../model/index.js';
import { zoneinfoVersion } from '../../timing/index.js';
import { DeclaredJobs } from '../discovery/declared-jobs.js';
import { LogListener } from '../log/log-listener.js';
import type { Runtime } from '../runtime.js';
import type { Settings } from '../scheduler-options.js';
import { SCHEDULER_RUNTIME, SCHEDULER_SETTINGS } from '../tokens.js';
import { holdZoneinfo, releaseZoneinfo } from '../zoneinfo-in-force.js';
import { ApplicationBuilt } from './application-built.js';

/**
 * - `starting`: jobs can be added and read; nothing ticks.
 * - `running`: every module has bootstrapped.
 * - `stopping`: from the drain on; new work is refused.
 */
export type Phase = 'starting' | 'running' | 'stopping';

/** Starts and stops the engine with the application (semantics.md L1, L2). */
@Injectable()
export class Lifecycle implements OnModuleInit, OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger('Scheduler');
  private readonly earlierListeners = new Set(signalListeners());
  phase: Phase = 'starting';
  private readying: Promise<void> | null = null;
  private stopping: Promise<void> | null = null;
  private isOpen = false;
  private isStopped = false;
  /** The engine is open, has the declarations found so far, and has not stopped. */
  isReady = false;

  constructor(
    @Inject(SCHEDULER_RUNTIME) private readonly runtime: Runtime,
    @Inject(SCHEDULER_SETTINGS) private readonly settings: Settings,
    @Inject(DeclaredJobs) private readonly declared: DeclaredJobs,
    @Inject(LogListener) private readonly log: LogListener,
    @Inject(ApplicationBuilt) built: ApplicationBuilt,
  ) {
    built.afterLazyModules(async () => {
      if (this.isReady && !this.closed) await this.discover();
    });
  }

  /**
   * Finds the declarations, opens the engine and puts them, once.
   *
   * @throws the first mistake of a declaration, on each call; SchedulerNotRunningError after the stop
   */
  async ready(): Promise<void> {
    // A store is closed by then; memory stays readable.
    if (this.isStopped && this.runtime.engine.durable) throw new SchedulerNotRunningError('stopping');
    await (this.readying ??= this.makeReady());
  }

  /** @throws SchedulerNotRunningError from the drain on */
  refuseWhenStopping(): void {
    if (this.phase === 'stopping') throw new SchedulerNotRunningError('stopping');
  }

  /** @throws SchedulerNotRunningError before the start and from the drain on */
  refuseUnlessRunning(): void {
    if (this.phase !== 'running') throw new SchedulerNotRunningError(this.phase);
  }

  async onModuleInit(): Promise<void> {
    if (this.closed) return;
    await this.ready();
    // A call of the service while Nest was creating instances made the first discovery incomplete.
    await this.discover();
  }

  async onApplicationBootstrap(): Promise<void> {
    if (this.phase !== 'starting') return;
    const { engine, clock } = this.runtime;
    await this.declared.countFrom(clock.now());
    if (this.closed) return;
    this.phase = 'running';
    try {
      await engine.start();
    } catch (error) {
      await this.stop();
      throw error;
    }
    // Code that awaits the application may enable the hooks first. A timer would outlive a quick close.
    process.nextTick(() => this.warnWithoutShutdownHooks());
  }

  async onModuleDestroy(): Promise<void> {
    await this.stop();
  }

  /** A close may come between any two steps of the bootstrap. */
  private get closed(): boolean {
    return this.phase === 'stopping';
  }

  private stop(): Promise<void> {
    this.phase = 'stopping';
    return (this.stopping ??= this.drain());
  }

  private async drain(): Promise<void> {
    // A close during the bootstrap waits for the opening, whose caller reports its error.
    await this.readying?.catch(() => {});
    const { drainTimeoutMs, abortGraceMs } = this.settings;
    try {
      if (!this.isOpen) return;
      await this.runtime.engine.stop({ drainTimeoutMs, abortGraceMs });
    } finally {
      releaseZoneinfo(this);
    }
    this.isStopped = true;
    this.isReady = false;
    this.runtime.hub.complete();
  }

  private async makeReady(): Promise<void> {
    this.refuseWhenStopping();
    // Another application may have changed it since the options were read.
    holdZoneinfo(this, this.settings.zoneinfo);
    this.log.listen(() => this.declared.count);
    this.declared.find();
    const { engine, runner, hub, handlers, replica } = this.runtime;
    const { concurrency } = this.settings;
    const process = {
      replica,
      zoneVersion: zoneinfoVersion(),
      concurrency,
      handlers: () => handlers.names(),
    };
    await engine.open({ attempts: runner, events: hub, process });
    this.isOpen = true;
    await this.declared.put();
    this.isReady = true;
  }

  private async discover(): Promise<void> {
    this.declared.find();
    await this.declared.put();
  }

  /**
   * Whether a signal closes the application. Nest does not say whether its shutdown hooks are enabled,
   * but its listeners are those added since this object was created, while Nest built the application.
   * An earlier listener counts only if it closes something: libraries listen to signals too.
   */
  private closesOnSignal(): boolean {
    return signalListeners().some(
      (listener) => !this.earlierListeners.has(listener) || /\bclose\(/.test(String(listener)),
    );
  }

  private warnWithoutShutdownHooks(): void {
    if (this.phase !== 'running' || this.closesOnSignal()) return;
    this.logger.warn(
      'Shutdown hooks are not enabled: a signal ends the process while jobs run. ' +
        'Call app.enableShutdownHooks() before app.listen(), so that they are awaited first.',
    );
  }
}

function signalListeners(): NodeJS.SignalsListener[] {
  return ['SIGTERM', 'SIGINT'].flatMap((signal) => process.listeners(signal as NodeJS.Signals));
}
