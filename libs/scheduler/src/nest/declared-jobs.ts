import { Inject, Injectable, Logger } from '@nestjs/common';
import {
  type HandlerDefinition,
  InvalidOptionsError,
  JobIdTakenError,
  type JobSpec,
  SchedulerError,
} from '../model/index.js';
import { CronTrigger, type Trigger } from '../timing/index.js';
import { type DeclaredJob, readDeclaredJob } from './declared-job.js';
import { type DecoratedMethod, Explorer } from './explorer.js';
import type { Parts } from './parts.js';
import type { Settings } from './scheduler-options.js';
import { SCHEDULER_PARTS, SCHEDULER_SETTINGS } from './tokens.js';

interface FoundJob {
  readonly id: string;
  readonly place: string;
  readonly handler: string;
  readonly job: DeclaredJob;
}

/** A job whose ticks count from the start of scheduling, with the trigger that it has until then. */
interface AwaitingStart {
  readonly found: FoundJob;
  readonly trigger: Trigger;
}

const DECORATORS = {
  cron: '@Cron',
  interval: '@Interval',
  timeout: '@Timeout',
  handler: '@JobHandler',
} as const;

/** The jobs and handlers that the code declares: found, checked, and put into the engine. */
@Injectable()
export class DeclaredJobs {
  private readonly logger = new Logger('Scheduler');
  private readonly places = new Map<string, string>();
  private found: FoundJob[] = [];
  private awaitingStart: AwaitingStart[] = [];
  private started = false;
  private warnedOfUnref = false;

  constructor(
    @Inject(Explorer) private readonly explorer: Explorer,
    @Inject(SCHEDULER_PARTS) private readonly parts: Parts,
    @Inject(SCHEDULER_SETTINGS) private readonly settings: Settings,
  ) {}

  /** How many jobs the code declares, as far as it was found. */
  get count(): number {
    return this.places.size;
  }

  /**
   * Finds and checks what has come up since the last call, and registers its handlers.
   *
   * @param allMade whether Nest has made all instances
   * @throws a SchedulerError that begins with the place of the mistake; JobIdTakenError names both places
   */
  find(allMade: boolean): void {
    for (const method of this.explorer.discover(allMade)) this.read(method);
  }

  /** Puts what was found into the engine, which is open. @throws JobIdTakenError when `addJob` was there first */
  async put(): Promise<void> {
    const found = this.found;
    this.found = [];
    for (const job of found) await this.putJob(job);
  }

  /**
   * Moves what counts from the start of scheduling to this instant, just before the engine starts.
   * A job that was edited meanwhile stays as it is.
   */
  async countFrom(startAt: number): Promise<void> {
    const awaiting = this.awaitingStart;
    this.awaitingStart = [];
    this.started = true;
    const { engine } = this.parts;
    for (const { found, trigger } of awaiting) {
      const job = await engine.getJob(found.id);
      if (!job || job.trigger !== trigger) continue;
      await engine.updateJob(found.id, { trigger: this.bind(found, startAt), startsAnew: true });
    }
  }

  private read(method: DecoratedMethod): void {
    let position = 0;
    for (const declaration of method.declarations) {
      try {
        method.check();
        if (declaration.kind === 'handler') {
          this.registerHandler(method, readDefinition(declaration.args[0]));
          continue;
        }
        const job = readDeclaredJob(declaration, this.settings);
        // Numbered by their place in the source, so that naming one does not rename another.
        position++;
        const id = job.id ?? (position === 1 ? method.name : `${method.name}#${position}`);
        this.register(method, { id, place: method.place, handler: job.id ?? method.name, job });
      } catch (error) {
        if (error instanceof SchedulerError && !(error instanceof JobIdTakenError)) {
          error.at(`${DECORATORS[declaration.kind]} on ${method.name}`);
        }
        throw error;
      }
    }
  }

  private register(method: DecoratedMethod, found: FoundJob): void {
    const taken = this.places.get(found.id);
    if (taken !== undefined) throw new JobIdTakenError(found.id, [taken, found.place]);
    this.places.set(found.id, found.place);
    // The unnamed jobs of one method share its handler.
    const present = this.parts.handlers.get(found.handler);
    if (present?.place !== method.place)
      this.registerHandler(method, { name: found.handler, payloadClass: null });
    this.warn(found);
    this.found.push(found);
  }

  private registerHandler(method: DecoratedMethod, definition: HandlerDefinition<never>): void {
    const { name, payloadClass } = definition;
    const { place } = method;
    this.parts.handlers.add({
      name,
      place,
      definition: payloadClass === null ? null : definition,
      invoke: (run) => method.call(run),
    });
  }

  private warn({ id, place, job }: FoundJob): void {
    if (job.saysUnref && !this.warnedOfUnref) {
      this.warnedOfUnref = true;
      this.logger.warn(
        `${place}: unrefTimeout is ignored. The one timer of all jobs keeps the process alive while a job waits.`,
      );
    }
    const trigger =
      job.trigger.counts === 'byTheClock'
        ? job.trigger.trigger
        : job.trigger.triggerAt(this.parts.clock.now());
    if (!(trigger instanceof CronTrigger)) return;
    for (const { message } of trigger.warnings) {
      this.logger.warn(
        `${place}: the cron expression "${trigger.expression}" of the job "${id}": ${message}.`,
      );
    }
  }

  private async putJob(found: FoundJob): Promise<void> {
    const { engine, hub, clock } = this.parts;
    // A store keeps the anchor of the first declaration (T1); in memory it is the start, which is to come.
    const awaitsStart = found.job.trigger.counts === 'fromTheStart' && !this.started && !engine.durable;
    const trigger = this.bind(found, clock.now());
    const { payload, policies, disabled } = found.job;
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
    if (change === 'created') hub.emit('job.added', { jobId: found.id });
    if (change === 'changed') hub.emit('job.edited', { jobId: found.id });
    if (awaitsStart) this.awaitingStart.push({ found, trigger });
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

function readDefinition(handler: unknown): HandlerDefinition<never> {
  if (typeof handler === 'string' && handler.trim() !== '') return { name: handler, payloadClass: null };
  if (typeof handler === 'object' && handler !== null && 'name' in handler && 'payloadClass' in handler) {
    return handler as HandlerDefinition<never>;
  }
  throw new InvalidOptionsError(
    'handler',
    handler,
    "Give a definition made by defineHandler(), or a name such as 'send-reminder'.",
  );
}
