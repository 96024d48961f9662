import { TickSet } from '../time/tick-set.js';
import type {
  AfterSetBack,
  AnyOfJson,
  ClockSetBack,
  PreviewedTick,
  TriggerBinding,
} from '../triggers/trigger.js';
import type { Lattice, TickSpan } from '../time/tick-span.js';
import { bindAll, commonTimezone, earliest, latest } from './combination.js';
import { CombinedTrigger } from './combined-trigger.js';
import { TicksFrom } from './ticks-from.js';

/** Due when any of its triggers is; once where several are (semantics.md T5). `anyOf()` makes it, and checks first. */
export class AnyOfTrigger extends CombinedTrigger {
  readonly timezone = commonTimezone(this.parts);

  get type(): 'anyOf' {
    return 'anyOf';
  }

  override quickNextAt(afterAt: number): number | null | undefined {
    let first: number | null = null;
    for (const part of this.parts) {
      const at = part.quickNextAt(afterAt);
      if (at === undefined) return undefined;
      if (at !== null && (first === null || at < first)) first = at;
    }
    return first;
  }

  override quickPrevAt(beforeAt: number): number | null | undefined {
    let last: number | null = null;
    for (const part of this.parts) {
      const at = part.quickPrevAt(beforeAt);
      if (at === undefined) return undefined;
      if (at !== null && (last === null || at > last)) last = at;
    }
    return last;
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

  /** Each part goes on as it would alone, so that a fixed time is not repeated. */
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

  override has(at: number): boolean {
    return this.parts.some((part) => part.has(at));
  }

  override boundAfter(afterAt: number, lattice: Lattice): number | null {
    return earliest(this.parts.map((part) => part.boundAfter(afterAt, lattice)));
  }

  override boundBefore(beforeAt: number, lattice: Lattice): number | null {
    return latest(this.parts.map((part) => part.boundBefore(beforeAt, lattice)));
  }

  override ticksIn(span: TickSpan): TickSet {
    return this.parts.reduce((set, part) => span.union(set, part.ticksIn(span)), TickSet.EMPTY);
  }
}
