import type { BaseTrigger } from '../triggers/base-trigger.js';
import { bindAll, COUNTS_UP_TO, earliest, latest } from './combination.js';
import { CombinedTrigger } from './combined-trigger.js';
import { TicksFrom } from './ticks-from.js';
import type {
  AnyOfJson,
  AfterSetBack,
  ClockSetBack,
  PreviewedTick,
  TriggerBinding,
} from '../triggers/trigger.js';

/** Due when any of its triggers is; once where several are (semantics.md T5). Made by `anyOf()`, which checks. */
export class AnyOfTrigger extends CombinedTrigger {
  get type(): 'anyOf' {
    return 'anyOf';
  }

  nextAt(afterAt: number): number | null {
    return earliest(this.parts.map((part) => part.nextAt(afterAt)));
  }

  prevAt(beforeAt: number): number | null {
    return latest(this.parts.map((part) => part.prevAt(beforeAt)));
  }

  /** @see countsUpTo */
  countBetween(fromAt: number, toAt: number): number {
    if (!this.isSettled) return this.bind({ anchorAt: fromAt }).countBetween(fromAt, toAt);
    // A part that has more alone need not be walked.
    const counts = this.parts.map((part) => part.countBetween(fromAt, toAt));
    if (counts.some((count) => count > COUNTS_UP_TO)) return COUNTS_UP_TO + 1;
    const busy = this.parts.filter((_, index) => counts[index]! > 0);
    if (busy.length <= 1) return Math.max(0, ...counts);
    return countUnion(busy, fromAt, toAt);
  }

  /** A date in the past is due at once only when nothing else is due any more. */
  override firstAt(nowAt: number): number | null {
    const firsts = this.parts.map((part) => part.firstAt(nowAt)).filter((at) => at !== null);
    const future = earliest(firsts.map((at) => (at >= nowAt ? at : null)));
    return future ?? latest(firsts);
  }

  bind(job: Partial<TriggerBinding>): AnyOfTrigger {
    const bound = bindAll(this.parts, job);
    return bound === this.parts ? this : new AnyOfTrigger(bound);
  }

  /** Each part goes on as it would alone, so what ran at a fixed time is not run again. */
  afterClockSetBack(step: ClockSetBack): AfterSetBack<AnyOfTrigger> {
    const after = this.parts.map((part) => part.afterClockSetBack(step));
    const parts = after.map(({ trigger, nextAt }) => {
      const goesOn = nextAt !== null && (nextAt <= step.nowAt || nextAt === trigger.nextAt(step.nowAt));
      return goesOn ? trigger : new TicksFrom(trigger, nextAt ?? Infinity);
    });
    return {
      trigger: new AnyOfTrigger(parts),
      nextAt: earliest(after.map(({ nextAt }) => nextAt)),
      lastTickAt: latest(after.map(({ lastTickAt }) => lastTickAt)),
    };
  }

  toJSON(): AnyOfJson {
    return { type: 'anyOf', triggers: this.parts.map((part) => part.toJSON()) };
  }

  toString(): string {
    return `any of (${this.parts.join('; ')})`;
  }

  override showTick(at: number): Omit<PreviewedTick, 'delayMs'> {
    return this.parts.find((part) => part.has(at))!.showTick(at);
  }

  override alternatives(): BaseTrigger[][] {
    return this.parts.flatMap((part) => part.alternatives());
  }
}

/** The instants in [fromAt, toAt] that any part has, one by one; each part is asked once for each of its own. */
function countUnion(parts: readonly BaseTrigger[], fromAt: number, toAt: number): number {
  const nexts = parts.map((part) => part.nextAt(fromAt - 1) ?? Infinity);
  let count = 0;
  for (let at = Math.min(...nexts); at <= toAt && count <= COUNTS_UP_TO; at = Math.min(...nexts)) {
    count++;
    for (let index = 0; index < nexts.length; index++)
      if (nexts[index] === at) nexts[index] = parts[index]!.nextAt(at) ?? Infinity;
  }
  return count;
}
