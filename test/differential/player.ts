import {
  type ConcurrencyLimits,
  type IfTaken,
  isLeased,
  type JobChange,
  type JobEdit,
  type JobOrigin,
  type JobSpec,
  readPolicies,
  readPolicyEdit,
  type Store,
  type Trigger,
  triggerFromJson,
  type TriggerJson,
} from '@carillon/scheduler/store';
import { identitiesOf, isStrictlyOrdered, type Setting } from './legal-differences.js';
import { type Observation, Observer } from './observer.js';
import { Replica } from './replica.js';
import { asLine, type JobPlan, type Move, type Script } from './script.js';

/** When every script begins: 2026-06-01T12:00:00Z. */
export const START = Date.UTC(2026, 5, 1, 12);

/** Where the stores of one script keep their data. */
export interface StoreHome {
  /** A store over that data, not opened yet: called for each replica. */
  store(limits: ConcurrencyLimits): Store;
  close?(): Promise<void>;
}

const JOBS = ['one', 'two', 'three'] as const;
const NO = new Error('no');
NO.stack = 'Error: no';

/** Plays a script on the stores of one home, and observes them after each move. */
export class Player {
  private now = START;
  private readonly observer: Observer;
  private readonly tokens = new Map<string, number>();
  private readonly replicas: Replica[] = [];

  private constructor(
    private readonly home: StoreHome,
    private readonly setting: Setting,
  ) {
    this.observer = new Observer(setting);
  }

  static async play({ limits, moves }: Script, home: StoreHome): Promise<Observation[]> {
    const replicas = 1 + Math.max(0, ...moves.map(({ by = 0 }) => by));
    const player = new Player(home, { limits, replicas });
    const seen: Observation[] = [];
    try {
      await player.open();
      for (const move of moves) {
        const result = await player.move(move);
        if (move.do !== 'wait') seen.push(await player.observe(asLine(move), result));
      }
    } finally {
      await player.close();
    }
    return seen;
  }

  private async open(): Promise<void> {
    const { limits: concurrency, replicas } = this.setting;
    for (let index = 0; index < replicas; index++) {
      const store = this.home.store(concurrency);
      const handlers = () => ['work'];
      await store.open({ replica: `replica-${index}`, concurrency, handlers, onHint: () => {} });
      this.replicas.push(new Replica(store, this.tokens, this.now));
    }
  }

  private async close(): Promise<void> {
    for (const { store } of this.replicas) await store.close(this.now);
    await this.home.close?.();
  }

  private async observe(step: string, result: unknown): Promise<Observation> {
    return this.observer.observe(this.replicas[0]!.store, { step, at: this.now, result });
  }

  private async move(move: Move): Promise<unknown> {
    if (isStrictlyOrdered(this.setting)) this.now++;
    try {
      return await this.take(move, this.replicas[move.by ?? 0]!);
    } catch (error) {
      return { threw: String(error) };
    }
  }

  private async take(move: Move, by: Replica): Promise<unknown> {
    const { store } = by;
    const { now } = this;
    switch (move.do) {
      case 'wait':
        return this.wait(move.ms, null);
      case 'claim':
        return by.claim(now);
      case 'put':
        return store.putJob(this.spec(move, 'added'), move.ifTaken, now);
      case 'declare':
        return store.putJob(this.spec(move, 'declared'), 'replace' satisfies IfTaken, now);
      case 'editTrigger': {
        const trigger = bind(move.trigger, move.job, now);
        return this.edit(store, move.job, { trigger, ...(move.startsAnew && { startsAnew: true }) });
      }
      case 'editPolicies':
        return this.edit(store, move.job, { policies: readPolicyEdit(move.policies) ?? {} });
      case 'editPayload':
        return this.edit(store, move.job, { payload: move.payload });
      case 'disable':
      case 'enable':
        return this.edit(store, move.job, { disabled: move.do === 'disable' });
      case 'pause':
        return this.change(store, move.job, { kind: 'pause', note: null, by: null, until: null });
      case 'pauseFor':
        return this.change(store, move.job, { kind: 'pause', note: 'why', by: 'who', until: now + move.ms });
      case 'resume':
      case 'remove':
        return this.change(store, move.job, { kind: move.do });
      case 'request': {
        const request = { jobId: JOBS[move.job]!, payload: move.payload, now };
        const requested = await store.requestRun(request);
        return (
          requested && {
            run: requested.view(),
            recorded: requested.recorded,
            cancelled: identitiesOf(requested.cancelled),
          }
        );
      }
      case 'backfill': {
        const { job, agoMs, spanMs, force = false, dryRun = false, most = 1_000 } = move;
        const fromAt = now - agoMs - spanMs;
        return store.backfill({ jobId: JOBS[job]!, fromAt, toAt: now - agoMs, force, dryRun, most, now });
      }
      case 'succeed':
        return by.complete(move.claim, { result: { kind: 'succeeded', value: move.value }, now });
      case 'fail':
        return by.complete(move.claim, { result: { kind: 'failed', error: NO }, now, retryMs: move.retryMs });
      case 'timeOut':
        return by.complete(move.claim, {
          result: { kind: 'timedOut', error: NO },
          now,
          retryMs: move.retryMs,
        });
      case 'timeOutHeld':
        return by.complete(move.claim, { result: { kind: 'timedOut', error: NO }, now, slotHeld: true });
      case 'cancelled':
      case 'abandoned':
        return by.complete(move.claim, { result: { kind: move.do, error: NO }, now });
      case 'release':
        return by.release(move.claim, now);
      case 'note':
        return by.note(move.claim, move.line, now);
      case 'lapse':
        return this.wait(by.leased.leaseMs + 1, by);
      case 'renew':
        return by.renew(now);
      case 'giveBack':
        return by.giveBack(move.claim, now);
      case 'beat':
        return by.beat(now);
      default:
        return move satisfies never;
    }
  }

  /** Lets time pass. Replicas renew their leases and beat meanwhile, all but `silent`. */
  private async wait(ms: number, silent: Replica | null): Promise<void> {
    const untilAt = this.now + ms;
    if (!isLeased(this.replicas[0]!.store)) {
      this.now = untilAt;
      return;
    }
    const stepMs = this.replicas[0]!.store.leaseMs / 4;
    while (this.now < untilAt) {
      this.now = Math.min(untilAt, this.now + stepMs);
      for (const replica of this.replicas) {
        if (replica === silent || replica.renewedAt + stepMs > this.now) continue;
        await replica.renew(this.now);
        await replica.leased.beat(this.now);
      }
    }
  }

  private edit(store: Store, job: number, edit: JobEdit): Promise<unknown> {
    return this.change(store, job, { kind: 'edit', edit });
  }

  private async change(store: Store, job: number, change: JobChange): Promise<unknown> {
    return store.changeJob(JOBS[job]!, change, this.now);
  }

  private spec({ job, plan }: { job: number; plan: JobPlan }, origin: JobOrigin): JobSpec {
    const id = JOBS[job]!;
    return {
      id,
      trigger: bind(plan.trigger, job, this.now),
      handler: 'work',
      payload: plan.payload,
      policies: readPolicies(plan.policies),
      origin,
      disabled: plan.disabled === true,
    };
  }
}

/** Jobs that are put at once fall due one after the other, never together. */
function bind(json: TriggerJson, job: number, now: number): Trigger {
  return triggerFromJson(json).bind({ jobId: JOBS[job]!, timezone: 'UTC', anchorAt: now + 11 * job });
}
