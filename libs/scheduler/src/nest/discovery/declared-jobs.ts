import { Inject, Injectable, Logger } from '@nestjs/common';
import { type HandlerDefinition, JobIdTakenError, type JobSpec, SchedulerError } from '../../model/index.js';
import { checkPayload } from '../../runner/index.js';
import type { Trigger } from '../../timing/index.js';
import { fromModule } from '../decorators/decorator-factory.js';
import { type DecoratedMethod, Explorer } from './explorer.js';
import type { Runtime } from '../runtime.js';
import { type FoundJob, readMethod } from './read-method.js';
import type { Settings } from '../scheduler-options.js';
import { TakenNames } from './taken-names.js';
import { triggerWarnings } from './trigger-warnings.js';
import { SCHEDULER_RUNTIME, SCHEDULER_SETTINGS } from '../tokens.js';

/** A job whose ticks count from the start of scheduling, with its trigger until then. */
interface AwaitingStart {
  readonly found: FoundJob;
  readonly trigger: Trigger;
}

/** Finds the jobs and handlers that the code declares, checks them, and puts them into the engine. */
@Injectable()
export class DeclaredJobs {
  private readonly logger = new Logger('Scheduler');
  private readonly names = new TakenNames();
  private found: FoundJob[] = [];
  private awaitingStart: AwaitingStart[] = [];
  private started = false;
  private warnedOfUnref = false;

  constructor(
    @Inject(Explorer) private readonly explorer: Explorer,
    @Inject(SCHEDULER_RUNTIME) private readonly runtime: Runtime,
    @Inject(SCHEDULER_SETTINGS) private readonly settings: Settings,
  ) {}

  /** The number of jobs found so far. */
  get count(): number {
    return this.names.jobs;
  }

  /**
   * Finds and checks the declarations that are new since the last call, and registers their handlers.
   *
   * @throws a SchedulerError that begins with the place of the mistake; JobIdTakenError names both places
   */
  find(): void {
    for (const method of this.explorer.discover()) this.read(method);
  }

  /** Puts the jobs found into the open engine. @throws JobIdTakenError when `addJob` has taken an id */
  async put(): Promise<void> {
    const found = this.found;
    this.found = [];
    for (const job of found) await this.putJob(job);
  }

  /**
   * Moves the jobs that count from the start of scheduling to this instant, just before the engine
   * starts. Leaves a job alone that was edited in between.
   */
  async countFrom(startAt: number): Promise<void> {
    const awaiting = this.awaitingStart;
    this.awaitingStart = [];
    this.started = true;
    const { engine } = this.runtime;
    for (const { found, trigger } of awaiting) {
      const job = await engine.getJob(found.id);
      if (!job || job.trigger !== trigger) continue;
      await engine.updateJob(found.id, { trigger: this.bind(found, startAt), startsAnew: true });
    }
  }

  private read(method: DecoratedMethod): void {
    const declared = readMethod(method, this.settings, fromModule);
    for (const one of declared) {
      if (one.kind === 'mistake') throw one.error;
      if (one.kind === 'handler') this.registerHandler(method, one.definition);
    }
    for (const one of declared) if (one.kind === 'job') this.register(method, one.found);
  }

  private register(method: DecoratedMethod, found: FoundJob): void {
    this.names.takeId(found.id, found.place);
    this.registerHandler(method, { name: found.handler, payloadClass: null });
    this.warn(found);
    this.found.push(found);
  }

  private registerHandler(method: DecoratedMethod, definition: HandlerDefinition<never>): void {
    const { name, payloadClass } = definition;
    if (!this.names.takeHandler(name, method)) return;
    this.runtime.handlers.add({
      name,
      place: method.place,
      definition: payloadClass === null ? null : definition,
      invoke: (run) => method.call(run),
    });
  }

  private warn(found: FoundJob): void {
    const { id, place, job } = found;
    if (job.hasUnref && !this.warnedOfUnref) {
      this.warnedOfUnref = true;
      this.logger.warn(
        `${place}: unrefTimeout is ignored. The one timer of all jobs keeps the process alive while a job waits.`,
      );
    }
    const now = this.runtime.clock.now();
    for (const { message } of triggerWarnings(`the job "${id}"`, this.bind(found, now), now)) {
      this.logger.warn(`${place}: ${message}`);
    }
  }

  private async putJob(found: FoundJob): Promise<void> {
    const { engine, clock } = this.runtime;
    const trigger = this.bind(found, clock.now());
    // A store keeps the anchor of the first declaration (T1). In memory the anchor is the start, still to come.
    const isStored = engine.durable && trigger.type !== 'timeout';
    const awaitsStart = found.job.trigger.counts === 'fromTheStart' && !this.started && !isStored;
    const { payload, policies, disabled } = found.job;
    await this.checkPayload(found);
    const spec: JobSpec = {
      id: found.id,
      trigger,
      handler: found.handler,
      payload,
      policies,
      origin: 'declared',
      disabled,
    };
    const { change } = await engine.putJob(spec, engine.durable ? 'replace' : 'error');
    if (change === 'taken') throw new JobIdTakenError(found.id, [found.place, 'an earlier call of addJob()']);
    if (change === 'kept') {
      this.logger.log(
        `${found.place}: a process that runs declares the job "${found.id}" otherwise. Its declaration holds until it has stopped, then this one.`,
      );
    }
    if (awaitsStart) this.awaitingStart.push({ found, trigger });
  }

  /** A method can be both a job and, with a payload class, the handler of other jobs. */
  private async checkPayload({ place, handler, job }: FoundJob): Promise<void> {
    const definition = this.runtime.handlers.get(handler)?.definition;
    if (!definition) return;
    try {
      await checkPayload(definition, job.payload);
    } catch (error) {
      throw error instanceof SchedulerError ? error.at(place) : error;
    }
  }

  private bind({ id, place, job }: FoundJob, startAt: number): Trigger {
    try {
      const trigger =
        job.trigger.counts === 'byTheClock' ? job.trigger.trigger : job.trigger.triggerAt(startAt);
      return trigger.bind({ jobId: id, timezone: this.settings.timezone, anchorAt: startAt });
    } catch (error) {
      throw error instanceof SchedulerError ? error.at(place) : error;
    }
  }
}
