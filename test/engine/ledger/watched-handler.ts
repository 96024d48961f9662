import { type ConcurrencyLimits, type RunContext } from '../../../libs/scheduler/src/model/index.js';
import type { Trigger } from '../../../libs/scheduler/src/timing/index.js';
import type { JobPlan } from './plans.js';
import type { QuietClock } from './quiet-clock.js';

/** What all handlers of one process share. */
export interface Surroundings {
  readonly clock: QuietClock;
  readonly limits: ConcurrencyLimits;
  readonly problems: string[];
  /** Attempts under way, by group; all of them under the empty name. */
  readonly busy: Map<string, number>;
  /** Runs that were alive when the clock was set back: their ticks lie in the future by now. */
  readonly excused: Set<string>;
  /** How often the clock, or a policy, has been set. */
  steps: number;
}

interface AttemptSeen {
  attempt: number;
  beganAt: number;
  endedAt: number | null;
  failed: boolean;
  steps: number;
}

/** The handler of one job. It behaves as planned and notes whatever breaks a promise: too early, too many at once, tried again against the policy. */
export class WatchedHandler {
  /** Runs of ticks that have begun. */
  ticksStarted = 0;
  private calls = 0;
  private concurrent = 0;
  private processes = 0;
  // Of all policies so far: what the one before has let go on is not held back by a stricter one.
  private mostAttempts = 1;
  private mostAtOnce = 1;
  private readonly triggers: Trigger[] = [];
  private readonly seen = new Map<string, AttemptSeen[]>();

  constructor(
    private readonly id: string,
    private plan: JobPlan,
    trigger: Trigger,
    private around: Surroundings,
  ) {
    this.follow(plan, trigger);
  }

  /** Another process has the job now; what the one before left under way counts no more. */
  moveTo(around: Surroundings): void {
    this.around = around;
    this.concurrent = 0;
    // An attempt that was cut off is made again, once.
    this.mostAttempts++;
    around.steps = ++this.processes * 1_000_000;
  }

  follow(plan: JobPlan, trigger: Trigger): void {
    this.plan = plan;
    this.triggers.push(trigger);
    this.mostAttempts = Math.max(this.mostAttempts, attemptsOf(plan));
    const { overlap, maxInstances } = plan.policies;
    if (overlap === 'allow') this.mostAtOnce = Math.max(this.mostAtOnce, maxInstances ?? Infinity);
    // Delays that were planned by the policy before are not judged by this one.
    this.around.steps++;
  }

  readonly handle = (run: RunContext): unknown => {
    const attempt = this.begin(run);
    const group = this.plan.policies.group ?? null;
    const { around } = this;
    this.enter(group);
    const { behaviours } = this.plan;
    const behaviour = behaviours[this.calls++ % behaviours.length]!;
    const end = (failed: boolean): void => {
      if (around === this.around) this.leave(group);
      attempt.endedAt = this.around.clock.monotonic();
      attempt.failed = failed;
    };
    if (behaviour.afterMs === null) {
      end(!behaviour.succeeds);
      if (!behaviour.succeeds) throw new Error('planned');
      return undefined;
    }
    return new Promise((resolve, reject) => {
      let isOpen = true;
      const finish = (): void => {
        if (!isOpen) return;
        isOpen = false;
        end(!behaviour.succeeds);
        if (behaviour.succeeds) resolve(null);
        else reject(new Error('planned'));
      };
      this.around.clock.setTimer(finish, behaviour.afterMs!);
      if (behaviour.heedsAbort) run.signal.addEventListener('abort', finish);
    });
  };

  private begin(run: RunContext): AttemptSeen {
    const { clock, excused, steps } = this.around;
    const { scheduledAt } = run;
    if (scheduledAt && !excused.has(run.id)) {
      const tickAt = scheduledAt.getTime();
      const own = this.triggers.filter((trigger) => trigger.nextAt(tickAt - 1) === tickAt);
      const delays = own.map((trigger) => trigger.delayAt(tickAt));
      const dueAt = tickAt + (delays.length > 0 ? Math.min(...delays) : 0);
      if (clock.now() < dueAt) this.report(`ran ${dueAt - clock.now()} ms early`);
    }
    const attempts = this.seen.get(run.id) ?? [];
    this.seen.set(run.id, attempts);
    const attempt: AttemptSeen = {
      attempt: run.attempt,
      beganAt: clock.monotonic(),
      endedAt: null,
      failed: false,
      steps,
    };
    if (scheduledAt && attempts.length === 0) this.ticksStarted++;
    this.checkAttempt(attempt, attempts);
    attempts.push(attempt);
    return attempt;
  }

  /** O3: numbered in order, after a failure only, not more than allowed, not before the delay is over. */
  private checkAttempt({ attempt, beganAt, steps }: AttemptSeen, before: AttemptSeen[]): void {
    if (attempt !== before.length + 1) this.report(`had attempt ${attempt} after ${before.length}`);
    if (attempt > this.mostAttempts) this.report(`had ${attempt} attempts`);
    const last = before.at(-1);
    if (!last) return;
    const { timeout, retry } = this.plan.policies;
    const timeoutMs = (timeout as number | undefined) ?? Infinity;
    if (last.steps !== steps) return;
    if (last.endedAt === null) return this.report('was tried again while its handler ran');
    const timedOut = last.endedAt - last.beganAt >= timeoutMs;
    if (!last.failed && !timedOut) this.report('was tried again after it had succeeded');
    if (typeof retry !== 'object') return;
    const delayMs =
      (retry.delay as number) * (retry.backoff === 'exponential' ? 2 ** (before.length - 1) : 1);
    const failedAt = Math.min(last.endedAt, last.beganAt + timeoutMs);
    if (beganAt < failedAt + delayMs) this.report(`was tried again ${failedAt + delayMs - beganAt} ms early`);
  }

  private enter(group: string | null): void {
    if (++this.concurrent > this.mostAtOnce) this.report(`ran ${this.concurrent} at once`);
    const { limits, busy } = this.around;
    for (const name of namesOf(group)) {
      const now = (busy.get(name) ?? 0) + 1;
      busy.set(name, now);
      const limit = name === '' ? limits.whole : (limits.groups[name] ?? null);
      if (limit !== null && now > limit) this.report(`was attempt ${now} at once in "${name}"`);
    }
  }

  private leave(group: string | null): void {
    this.concurrent--;
    const { busy } = this.around;
    for (const name of namesOf(group)) busy.set(name, busy.get(name)! - 1);
  }

  private report(problem: string): void {
    this.around.problems.push(`${this.id} ${problem}`);
  }
}

function namesOf(group: string | null): string[] {
  return group === null ? [''] : ['', group];
}

function attemptsOf({ policies: { retry } }: JobPlan): number {
  return typeof retry === 'object' ? (retry.attempts ?? 1) : (retry ?? 1);
}
