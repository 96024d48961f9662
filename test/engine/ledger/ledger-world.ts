import {
  DEFAULT_POLICIES,
  type JobSpec,
  readPolicies,
  type Run,
  type SchedulerEvent,
} from '../../../libs/scheduler/src/model/index.js';
import type { Awaitable, Store } from '../../../libs/scheduler/src/ports/index.js';
import { auditRows } from './audit.js';
import { ascending, boundTrigger, DueTimes, ticksIn } from './due-times.js';
import { OneProcess } from './one-process.js';
import { type Action, type JobPlan, START_AT, type StopPlan, type WorldPlan } from './plans.js';
import { QuietClock } from './quiet-clock.js';

/** Where the stores of one world keep their data. */
export interface StoreHome {
  /** A store over that data: called once for each process of the world. */
  open(limits: WorldPlan['limits']): Store;
  /** The world is over. */
  close?(): Awaitable<void>;
}

interface PlannedJob {
  readonly due: DueTimes;
  plan: JobPlan;
  handlerName: string;
  isEnabled: boolean;
  isGone: boolean;
  /** It has had other policies or triggers than at first. */
  isChanged: boolean;
  /** It has had a trigger whose ticks depend on when its runs ended. */
  waitedForRuns: boolean;
}

type JobAction = Extract<Action, { job: number }>;

/** Random jobs on a manual clock, and what is expected of them. */
export class LedgerWorld {
  readonly problems: string[] = [];
  private readonly clock = new QuietClock(new Date(START_AT));
  private readonly jobs = new Map<string, PlannedJob>();
  private process!: OneProcess;
  private made = 0;
  private askedFor = 0;
  private backfilled = 0;
  private events: SchedulerEvent[] = [];

  constructor(
    private readonly plan: WorldPlan,
    private readonly home: StoreHome,
  ) {}

  /** Plays the plan to its end; what was wrong is in `problems`. */
  async run(): Promise<void> {
    await this.begin(0);
    for (const action of this.plan.actions) await this.act(action);
    await this.end(this.plan.stop);
  }

  private get isDurable(): boolean {
    return this.process.store.durable;
  }

  /** A process opens the store; what it forgot is declared anew. */
  private async begin(startsAfterMs: number): Promise<void> {
    const { clock, plan, home } = this;
    this.process = new OneProcess(
      home.open(plan.limits),
      clock,
      plan.limits,
      `replica-${++this.made}`,
      this.problems,
    );
    await this.process.open();
    if (this.jobs.size === 0)
      for (const [index, job] of plan.jobs.entries()) await this.put(`job-${index}`, job);
    else await this.declareAnew();
    await clock.advance(startsAfterMs);
    this.process.engine.start();
    await clock.settle();
  }

  private async declareAnew(): Promise<void> {
    for (const [id, job] of [...this.jobs]) {
      if (!this.isDurable) this.jobs.delete(id);
      if (job.isGone) continue;
      if (!this.isDurable) await this.put(id, job.plan);
      else
        this.process.handlerOf(
          job.handlerName,
          id,
          job.plan,
          boundTrigger(job.plan.trigger, id, this.clock.now()),
        );
    }
  }

  private async put(id: string, plan: JobPlan): Promise<void> {
    const handlerName = `${id}#${++this.made}`;
    const spec = this.spec(id, plan, handlerName);
    this.process.handlerOf(handlerName, id, plan, spec.trigger);
    await this.process.engine.putJob(spec, 'error');
    const former = this.jobs.get(id);
    const due = former?.due ?? new DueTimes(id);
    this.jobs.set(id, {
      due,
      plan,
      handlerName,
      isEnabled: true,
      isGone: false,
      isChanged: former !== undefined,
      waitedForRuns: spec.trigger.waitsForRun || former?.waitedForRuns === true,
    });
    due.begin(plan.trigger, this.clock.now(), await this.recorded(id), true);
  }

  private spec(id: string, plan: JobPlan, handler: string): JobSpec {
    return {
      id,
      trigger: boundTrigger(plan.trigger, id, this.clock.now()),
      handler,
      payload: undefined,
      policies: readPolicies(plan.policies, DEFAULT_POLICIES),
      origin: 'added',
      disabled: false,
    };
  }

  private async act(action: Action): Promise<void> {
    const { engine } = this.process;
    await this.noteFinished();
    switch (action.kind) {
      case 'advance':
        await this.clock.advance(action.ms);
        break;
      case 'suspend':
        this.clock.suspend(action.ms);
        break;
      case 'stepForward':
        await this.process.stepWall(action.ms);
        break;
      case 'stepBack':
        await this.stepBack(action.ms);
        break;
      case 'pauseAll':
        engine.pause();
        break;
      case 'resumeAll':
        engine.resume();
        break;
      case 'restart':
        await this.end(action.stop);
        await this.clock.advance(action.downMs);
        await this.begin(action.startsAfterMs);
        break;
      default:
        await this.actOn(`job-${action.job % this.plan.jobs.length}`, action);
    }
    await this.clock.settle();
  }

  private async actOn(id: string, action: JobAction): Promise<void> {
    const { engine } = this.process;
    const job = this.jobs.get(id)!;
    const now = this.clock.now();
    if (!(await engine.getJob(id))) {
      if (action.kind === 'replace') await this.put(id, action.plan);
      return;
    }
    switch (action.kind) {
      case 'pause':
        await engine.pauseJob(id, { note: null, by: null, until: null });
        break;
      case 'pauseFor':
        await engine.pauseJob(id, { note: null, by: null, until: now + action.ms });
        break;
      case 'resume':
        await engine.resumeJob(id);
        break;
      case 'runNow':
        await engine.runNow(id, undefined);
        this.askedFor++;
        break;
      case 'backfill':
        return this.backfill(id, action);
      case 'remove':
        await engine.removeJob(id);
        job.isGone = true;
        job.due.end(now, await this.recorded(id));
        break;
      case 'edit':
        return this.edit(id, job, action);
      case 'replace':
        return this.replace(id, job, action.plan);
      case 'disable':
      case 'enable':
        return this.enable(id, job, action.kind === 'enable');
      default:
        action satisfies never;
    }
  }

  private async edit(
    id: string,
    job: PlannedJob,
    { trigger: plan }: { trigger: JobPlan['trigger'] },
  ): Promise<void> {
    const trigger = boundTrigger(plan, id, this.clock.now());
    await this.process.engine.updateJob(id, { trigger });
    job.plan = { ...job.plan, trigger: plan };
    job.isChanged = true;
    job.waitedForRuns ||= trigger.waitsForRun;
    this.process.handlers.get(job.handlerName)!.follow(job.plan, trigger);
    job.due.begin(plan, this.clock.now(), await this.recorded(id), job.isEnabled);
  }

  private async replace(id: string, job: PlannedJob, plan: JobPlan): Promise<void> {
    const { engine, handlers } = this.process;
    const wasFinished = (await engine.getJob(id))!.state === 'finished';
    const isSame =
      !wasFinished && JSON.stringify(job.plan.trigger.json) === JSON.stringify(plan.trigger.json);
    const spec = this.spec(id, plan, job.handlerName);
    await engine.putJob(spec, 'replace');
    job.plan = plan;
    job.isChanged = true;
    job.waitedForRuns ||= spec.trigger.waitsForRun;
    handlers.get(job.handlerName)!.follow(plan, spec.trigger);
    if (!isSame) job.due.begin(plan.trigger, this.clock.now(), await this.recorded(id), true);
    else if (!job.isEnabled) job.due.goOn(this.clock.now(), await this.recorded(id));
    job.isEnabled = true;
  }

  private async enable(id: string, job: PlannedJob, isEnabled: boolean): Promise<void> {
    const { json } = job.plan.trigger;
    // Whether that is a start of scheduling, too, is another story.
    if (json.type === 'interval' && json.runOnStart === true) return;
    if (job.isEnabled === isEnabled) return;
    await this.process.engine.updateJob(id, { disabled: !isEnabled });
    job.isEnabled = isEnabled;
    if (isEnabled) job.due.goOn(this.clock.now(), await this.recorded(id));
    else job.due.end(this.clock.now(), await this.recorded(id));
  }

  private async backfill(id: string, action: Extract<Action, { kind: 'backfill' }>): Promise<void> {
    const toAt = this.clock.now() - action.agoMs;
    const fromAt = toAt - action.spanMs;
    const { trigger } = (await this.process.engine.getJob(id))!;
    const instants = ticksIn(trigger, fromAt - 1, toAt);
    const request = { jobId: id, fromAt, toAt, force: action.force, dryRun: false, most: 10_000 };
    const { count, leftOut } = await this.process.engine.backfill(request);
    if (count + leftOut !== instants.length || (action.force && leftOut > 0))
      this.problems.push(`${id} backfilled ${count} and left out ${leftOut} of ${instants.length}`);
    const made = (await this.rows(id)).filter(({ standsFor }) => standsFor !== null).slice(0, count);
    this.backfilled += count;
    if (!made.every(({ standsFor }) => instants.includes(standsFor!.getTime())))
      this.problems.push(`${id} backfilled what is no instant of its trigger`);
  }

  private async stepBack(ms: number): Promise<void> {
    await this.process.stepWall(-ms);
    // Stores that outlive the process never make a tick twice, whatever the clock says.
    if (this.isDurable) return;
    for (const [id, job] of this.jobs)
      if (!job.isGone) job.due.setBack(this.clock.now(), ms, await this.recorded(id));
  }

  /** T6: a job that has had its last run is not due any more. */
  private async noteFinished(): Promise<void> {
    for (const [id, job] of this.jobs) {
      const { maxRuns } = job.plan.policies;
      if (job.isGone || typeof maxRuns !== 'number') continue;
      const { ticksStarted } = this.process.handlers.get(job.handlerName)!;
      if (!job.isChanged && ticksStarted > maxRuns)
        this.problems.push(`${id} ran ${ticksStarted} times, and maxRuns is ${maxRuns}`);
      const shown = await this.process.engine.getJob(id);
      if (shown?.state === 'finished') job.due.finish(await this.recorded(id));
    }
  }

  /** The process stops. In memory everything that was due has its outcome then; else the rest is late. */
  private async end(stop: StopPlan): Promise<void> {
    const { engine } = this.process;
    for (const { id, state, nextDueAt, alive } of await engine.getJobs({}))
      if (state === 'active' && nextDueAt === null && alive === 0)
        this.problems.push(`${id} waits for nothing`);
    await this.noteFinished();
    await this.process.stop(stop);
    await this.noteFinished();
    this.events.push(...this.process.events);
    const rows = await this.rows();
    auditRows({ rows, events: this.events, isDurable: this.isDurable, problems: this.problems });
    this.auditRequests(rows);
    for (const [id, job] of this.jobs) await this.compare(id, job);
    if (this.isDurable) return;
    this.askedFor = 0;
    this.backfilled = 0;
    this.events = [];
  }

  private auditRequests(rows: readonly Run[]): void {
    const withoutTick = rows.filter(({ scheduledAt }) => scheduledAt === null);
    const stoodFor = withoutTick.filter(({ standsFor }) => standsFor !== null).length;
    const byHand = withoutTick.length - stoodFor;
    if (byHand !== this.askedFor)
      this.problems.push(`${this.askedFor} runs were asked for, and ${byHand} are recorded`);
    if (stoodFor !== this.backfilled)
      this.problems.push(`${this.backfilled} instants were made up for, and ${stoodFor} are recorded`);
  }

  private async compare(id: string, job: PlannedJob): Promise<void> {
    const recorded = await this.recorded(id);
    if (job.waitedForRuns) return;
    const expected = job.due.upTo(this.process.stoppedAt);
    if (this.isDurable) {
      const shown = await this.process.engine.getJob(id);
      const pending = expected.slice(recorded.length);
      if (pending.length > 0 && shown && shown.state === 'active') {
        if (shown.nextDueAt === null || shown.nextDueAt.getTime() > this.process.stoppedAt)
          this.problems.push(`${id} has forgotten ${show(pending)}`);
        expected.length = recorded.length;
      }
    }
    const lost = without(expected, recorded);
    const added = without(recorded, expected);
    if (lost.length > 0) this.problems.push(`${id} has no outcome for ${show(lost)}`);
    if (added.length > 0) this.problems.push(`${id} was not due at ${show(added)}, or once only`);
  }

  private async rows(jobId?: string): Promise<Run[]> {
    return this.process.engine.getRuns({ jobId, limit: 1_000_000 });
  }

  /** The ticks that are in the history, each as often as it is; spans are spread out. */
  private async recorded(id: string): Promise<number[]> {
    const ticks: number[] = [];
    for (const { scheduledAt, scheduledUntil, count } of await this.rows(id)) {
      if (scheduledAt === null) continue;
      const at = scheduledAt.getTime();
      const { due, waitedForRuns } = this.jobs.get(id)!;
      const span = count === 1 ? [at] : due.inSpan(at, scheduledUntil!.getTime(), count);
      if (span) ticks.push(...span);
      // Between two of its ticks lies what its trigger alone does not know.
      else if (waitedForRuns) ticks.push(at, scheduledUntil!.getTime());
      else this.problems.push(`${id} has a span of ${count} from ${show([at])} that is no trigger's`);
    }
    return ticks.sort(ascending);
  }
}

/** What is in one list more often than in the other. */
function without(list: readonly number[], other: readonly number[]): number[] {
  const left = new Map<number, number>();
  for (const at of other) left.set(at, (left.get(at) ?? 0) + 1);
  return list.filter((at) => {
    const count = left.get(at) ?? 0;
    left.set(at, count - 1);
    return count <= 0;
  });
}

function show(instants: readonly number[]): string {
  return instants
    .slice(0, 5)
    .map((at) => new Date(at).toISOString().slice(11, 23))
    .concat(instants.length > 5 ? [`and ${instants.length - 5} more`] : [])
    .join(', ');
}
