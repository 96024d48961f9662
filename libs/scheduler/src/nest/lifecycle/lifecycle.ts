import {
  Inject,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
  type OnModuleInit,
} from '@nestjs/common';
import { LazyModuleLoader, ModulesContainer } from '@nestjs/core';
import { SchedulerNotRunningError } from '../../model/index.js';
import { ApplicationBuilt } from './application-built.js';
import { DeclaredJobs } from '../discovery/declared-jobs.js';
import { LogListener } from '../log/log-listener.js';
import { takeOuterPlace } from './own-module.js';
import type { Parts } from '../parts.js';
import type { Settings } from '../scheduler-options.js';
import { SignalListeners } from './signal-listeners.js';
import { SCHEDULER_PARTS, SCHEDULER_SETTINGS } from '../tokens.js';

/**
 * - `starting`: jobs can be added and asked for, nothing ticks.
 * - `running`: every module has bootstrapped.
 * - `stopping`: from the drain on; no new work.
 */
export type Phase = 'starting' | 'running' | 'stopping';

/** Ties the engine to the life of the application (semantics.md L1, L2). */
@Injectable()
export class Lifecycle implements OnModuleInit, OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger('Scheduler');
  private readonly signals = new SignalListeners();
  phase: Phase = 'starting';
  private readying: Promise<void> | null = null;
  private stopping: Promise<void> | null = null;
  private isOpen = false;
  private lazyLoads = 0;
  /** The engine is open and has what is declared so far. */
  isReady = false;

  constructor(
    @Inject(SCHEDULER_PARTS) private readonly parts: Parts,
    @Inject(SCHEDULER_SETTINGS) private readonly settings: Settings,
    @Inject(DeclaredJobs) private readonly declared: DeclaredJobs,
    @Inject(LogListener) private readonly log: LogListener,
    @Inject(ApplicationBuilt) private readonly built: ApplicationBuilt,
    @Inject(ModulesContainer) modules: ModulesContainer,
    @Inject(LazyModuleLoader) lazyModules: LazyModuleLoader,
  ) {
    takeOuterPlace(modules, Lifecycle);
    this.followLazyModules(lazyModules);
  }

  /**
   * Scans, opens the engine and puts what is declared, once.
   *
   * @throws what is wrong with a declaration, each time it is asked
   */
  ready(): Promise<void> {
    return (this.readying ??= this.makeReady());
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
    // Whoever called the service while Nest was still making instances had it scan too early.
    await this.discover();
  }

  async onApplicationBootstrap(): Promise<void> {
    if (this.phase !== 'starting') return;
    const { engine, clock } = this.parts;
    await this.declared.countFrom(clock.now());
    if (this.closed) return;
    this.phase = 'running';
    try {
      await engine.start();
    } catch (error) {
      await this.stop();
      throw error;
    }
    // After whoever awaits the application had the chance to enable them; a timer would outlive a quick close.
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
    // A close during the bootstrap: what is being opened is opened first. Its error is told by whoever began it.
    await this.readying?.catch(() => {});
    if (!this.isOpen) return;
    const { drainTimeoutMs, abortGraceMs } = this.settings;
    await this.parts.engine.stop({ drainTimeoutMs, abortGraceMs });
    this.parts.hub.complete();
  }

  private async makeReady(): Promise<void> {
    this.refuseWhenStopping();
    this.log.listen(() => this.declared.count);
    this.find();
    const { engine, runner, hub, handlers, replica } = this.parts;
    const { concurrency } = this.settings;
    const process = { replica, concurrency, handlers: () => handlers.names() };
    await engine.open({ attempts: runner, events: hub, process });
    this.isOpen = true;
    await this.declared.put();
    this.isReady = true;
  }

  private find(): void {
    this.declared.find(this.built.isSo && this.lazyLoads === 0);
  }

  private async discover(): Promise<void> {
    this.find();
    await this.declared.put();
  }

  /** What a lazy module declares is found when it has loaded, as if it had been there from the start. */
  private followLazyModules(loader: LazyModuleLoader): void {
    const load = loader.load.bind(loader);
    loader.load = async (...args) => {
      this.lazyLoads++;
      const moduleRef = await load(...args).finally(() => this.lazyLoads--);
      if (this.isReady && !this.closed) await this.discover();
      return moduleRef;
    };
  }

  private warnWithoutShutdownHooks(): void {
    if (this.phase !== 'running' || this.signals.willClose()) return;
    this.logger.warn(
      'Shutdown hooks are not enabled: a signal ends the process while jobs run. ' +
        'Call app.enableShutdownHooks() before app.listen(), so that they are awaited first.',
    );
  }
}
