import { DEFAULT_POLICIES, type JobSpec, readPolicies } from '../../../libs/scheduler/src/model/index.js';
import type { Awaitable, Store } from '../../../libs/scheduler/src/ports/index.js';
import { boundTrigger, DueTimes, ticksIn } from './due-times.js';
import { Ledger, type PlannedJob } from './ledger.js';
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

type JobAction = Extract<Action, { job: number }>;

/** Random jobs on a manual clock, and what is expected of them. */
export class LedgerWorld {
  readonly problems: string[] = [];
  private readonly clock = new QuietClock(new Date(START_AT));
  private readonly ledger = new Ledger(this.problems);
  private made = 0;

  constructor(
    private readonly plan: WorldPlan,
    private readonly home: StoreHome,
  ) {}

  /** Plays the plan to its end; what was wrong is in `problems`. */
  async run(): Promise<void> {
    await this.begin(0);
    for (const action of this.plan.actions) await this.act(action);
    if (this.isDurable) await this.letAllEnd();
    await this.end(this.plan.stop);
  }

  private get process(): OneProcess {
    return this.ledger.process;
  }

  private get jobs(): Map<string, PlannedJob> {
    return this.ledger.jobs;
  }

  private get isDurable(): boolean {
    return this.process.store.durable;
  }

  /** What outlives a process is given the time to come to its end. */
  private async letAllEnd(): Promise<void> {
    const { engine } = this.process;
    engine.resume();
    for (const { id, state } of await engine.getJobs({})) if (state === 'paused') await engine.resumeJob(id);
    await this.clock.advance(120_000);
  }

  /** A process opens the store; what it forgot is declared anew. */
  private async begin(startsAfterMs: number): Promise<void> {
    const { clock, plan, home } = this;
    const handlers = this.ledger.process?.handlers;
    this.ledger.process = new OneProcess(
      home.open(plan.limits),
      clock,
      plan.limits,
      `replica-${++this.made}`,
      this.problems,
    );
    await this.process.open();
    if (this.jobs.size === 0)
      for (const [index, job] of plan.jobs.entries()) await this.put(`job-${index}`, job);
    else await this.declareAnew(handlers);
    await clock.advance(startsAfterMs);
    await this.process.engine.start();
    await clock.settle();
  }

  private async declareAnew(handlers: OneProcess['handlers']): Promise<void> {
    for (const [id, job] of [...this.jobs]) {
      if (!this.isDurable) this.jobs.delete(id);
      if (job.isGone) continue;
      if (!this.isDurable) await this.put(id, job.plan);
      else this.process.takeOver(job.handlerName, handlers.get(job.handlerName)!);
    }
  }

  private async put(id: string, plan: JobPlan): Promise<void> {
    const handlerName = `${id}#${++this.made}`;
    const spec = this.spec(id, plan, handlerName);
    this.process.handlerOf(handlerName, id, plan, spec.trigger);
    await this.process.engine.putJob(spec, 'error');
    const former = this.jobs.get(id);
    const due = former?.due ?? new DueTimes(id, this.isDurable);
    this.jobs.set(id, {
      due,
      plan,
      handlerName,
      isEnabled: true,
      isGone: false,
      isChanged: former !== undefined,
      waitedForRuns: spec.trigger.waitsForRun || former?.waitedForRuns === true,
    });
    due.begin(plan.trigger, this.clock.now(), await this.ledger.recorded(id), true);
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
    await this.ledger.noteFinished();
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
        this.ledger.askedFor++;
        break;
      case 'backfill':
        return this.backfill(id, action);
      case 'remove':
        await engine.removeJob(id);
        job.isGone = true;
        job.due.end(now, await this.ledger.recorded(id));
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
    job.due.begin(plan, this.clock.now(), await this.ledger.recorded(id), job.isEnabled);
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
    if (!isSame) job.due.begin(plan.trigger, this.clock.now(), await this.ledger.recorded(id), true);
    else if (!job.isEnabled) job.due.goOn(this.clock.now(), await this.ledger.recorded(id));
    job.isEnabled = true;
  }

  private async enable(id: string, job: PlannedJob, isEnabled: boolean): Promise<void> {
    const { json } = job.plan.trigger;
    // Whether that is a start of scheduling, too, is another story.
    if (json.type === 'interval' && json.runOnStart === true) return;
    if (job.isEnabled === isEnabled) return;
    await this.process.engine.updateJob(id, { disabled: !isEnabled });
    job.isEnabled = isEnabled;
    if (isEnabled) job.due.goOn(this.clock.now(), await this.ledger.recorded(id));
    else job.due.end(this.clock.now(), await this.ledger.recorded(id));
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
    const made = (await this.ledger.rows(id)).filter(({ standsFor }) => standsFor !== null).slice(0, count);
    this.ledger.backfilled += count;
    if (!made.every(({ standsFor }) => instants.includes(standsFor!.getTime())))
      this.problems.push(`${id} backfilled what is no instant of its trigger`);
  }

  private async stepBack(ms: number): Promise<void> {
    await this.process.stepWall(-ms);
    // Stores that outlive the process never make a tick twice, whatever the clock says.
    if (this.isDurable) return;
    for (const [id, job] of this.jobs)
      if (!job.isGone) job.due.setBack(this.clock.now(), ms, await this.ledger.recorded(id));
  }

  private async end(stop: StopPlan): Promise<void> {
    const { engine } = this.process;
    for (const { id, state, nextDueAt, alive } of await engine.getJobs({}))
      if (state === 'active' && nextDueAt === null && alive === 0)
        this.problems.push(`${id} waits for nothing`);
    await this.ledger.noteFinished();
    await this.process.stop(stop);
    await this.ledger.close();
  }
}
