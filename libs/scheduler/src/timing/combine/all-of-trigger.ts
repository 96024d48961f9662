import type { BaseTrigger } from '../triggers/base-trigger.js';
import { bindAll, countByWalking, earliest, latest, refuseTickless } from './combination.js';
import { CombinedTrigger } from './combined-trigger.js';
import { CommonTicks } from './common-ticks.js';
import { InvalidTriggerError } from '../errors/trigger-errors.js';
import type {
  AllOfJson,
  AfterSetBack,
  ClockSetBack,
  PreviewedTick,
  TriggerBinding,
} from '../triggers/trigger.js';

/** An all-of over any-ofs is looked at case by case; more cases than this are refused. */
const MOST_CASES = 256;

/** Due when all of its triggers are, at the same millisecond (semantics.md T5). Made by `allOf()`, which checks. */
export class AllOfTrigger extends CombinedTrigger {
  /** Made when first needed; each case is a set of triggers without any-of. */
  #cases: readonly CommonTicks[] | null = null;

  get type(): 'allOf' {
    return 'allOf';
  }

  nextAt(afterAt: number): number | null {
    if (!this.isSettled) return this.bind({ anchorAt: afterAt }).nextAt(afterAt);
    return earliest(this.#commonTicks().map((ticks) => ticks.nextAt(afterAt)));
  }

  prevAt(beforeAt: number): number | null {
    if (!this.isSettled) return this.bind({ anchorAt: beforeAt }).prevAt(beforeAt);
    return latest(this.#commonTicks().map((ticks) => ticks.prevAt(beforeAt)));
  }

  /** @see countsUpTo */
  countBetween(fromAt: number, toAt: number): number {
    if (!this.isSettled) return this.bind({ anchorAt: fromAt }).countBetween(fromAt, toAt);
    return countByWalking(this, fromAt, toAt);
  }

  override firstAt(nowAt: number): number | null {
    return this.#nextFromAll(this.parts.map((part) => part.firstAt(nowAt)));
  }

  /** @throws NeverFiresError when its triggers turn out never to meet. */
  bind(job: Partial<TriggerBinding>): AllOfTrigger {
    const bound = bindAll(this.parts, job);
    if (bound === this.parts) return this;
    const trigger = new AllOfTrigger(bound);
    trigger.refuseTickless();
    return trigger;
  }

  /** It goes on where all of its parts do. */
  afterClockSetBack(step: ClockSetBack): AfterSetBack<AllOfTrigger> {
    const after = this.parts.map((part) => part.afterClockSetBack(step));
    const trigger = new AllOfTrigger(after.map((one) => one.trigger));
    return {
      trigger,
      nextAt: trigger.#nextFromAll(after.map(({ nextAt }) => nextAt)),
      lastTickAt: latest(after.map(({ lastTickAt }) => lastTickAt)),
    };
  }

  toJSON(): AllOfJson {
    return { type: 'allOf', triggers: this.parts.map((part) => part.toJSON()) };
  }

  toString(): string {
    return `all of (${this.parts.join('; ')})`;
  }

  override showTick(at: number): Omit<PreviewedTick, 'delayMs'> {
    const shown = this.parts.find(({ timezone }) => timezone !== undefined) ?? this.parts[0]!;
    return shown.showTick(at);
  }

  /** @throws NeverFiresError */
  refuseTickless(): void {
    refuseTickless(this, 'its triggers have no instant in common.', (afterAt) => this.nextAt(afterAt));
  }

  override alternatives(): BaseTrigger[][] {
    return this.parts.reduce<BaseTrigger[][]>(
      (cases, part) => {
        const more = part.alternatives();
        if (cases.length * more.length > MOST_CASES) {
          const remedy = 'Take some of its any-ofs apart into jobs of their own.';
          throw new InvalidTriggerError(
            'triggers',
            String(this),
            `which has over ${MOST_CASES} cases`,
            remedy,
          );
        }
        return cases.flatMap((one) => more.map((other) => [...one, ...other]));
      },
      [[]],
    );
  }

  #commonTicks(): readonly CommonTicks[] {
    return (this.#cases ??= this.alternatives()
      .map((parts) => new CommonTicks(parts))
      .filter(({ isEmpty }) => !isEmpty));
  }

  /** The first common tick at or after the first of each part. */
  #nextFromAll(firsts: readonly (number | null)[]): number | null {
    let from = -Infinity;
    for (const at of firsts) {
      if (at === null) return null;
      from = Math.max(from, at);
    }
    return this.nextAt(from - 1);
  }
}
