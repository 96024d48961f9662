import { TickSet } from '../time/tick-set.js';
import type { BaseTrigger } from '../triggers/base-trigger.js';
import { commonGrid, WHOLE_SECONDS, type TickGrid } from '../time/tick-grid.js';
import type { Lattice, TickSpan } from '../time/tick-span.js';
import type {
  AfterSetBack,
  AllOfJson,
  ClockSetBack,
  PreviewedTick,
  TriggerBinding,
} from '../triggers/trigger.js';
import { AnyOfTrigger } from './any-of-trigger.js';
import { bindAll, commonTimezone, latest, refuseTickless } from './combination.js';
import { CombinedTrigger } from './combined-trigger.js';
import { IntervalTrigger } from '../triggers/interval-trigger.js';

/** A quick search ends after so many steps of each part. */
const FEW_ROUNDS = 32;

/** Stands for parts that share no tick: any of nothing. */
const NEVER: readonly BaseTrigger[] = [new AnyOfTrigger([])];

/** Due when all of its triggers are, at the same millisecond (semantics.md T5). `allOf()` makes it, and checks first. */
export class AllOfTrigger extends CombinedTrigger {
  readonly timezone = commonTimezone(this.parts);
  /** Made when first needed. */
  #merged: readonly BaseTrigger[] | null = null;

  get type(): 'allOf' {
    return 'allOf';
  }

  override quickNextAt(afterAt: number): number | null | undefined {
    return this.#meet(afterAt + 1, (part, at) => part.quickNextAt(at - 1));
  }

  override quickPrevAt(beforeAt: number): number | null | undefined {
    return this.#meet(beforeAt - 1, (part, at) => part.quickPrevAt(at + 1));
  }

  override firstAt(nowAt: number): number | null {
    return this.#nextFromAll(this.parts.map((part) => part.firstAt(nowAt)));
  }

  /** @throws NeverFiresError when its triggers turn out never to meet */
  bind(job: Partial<TriggerBinding>): AllOfTrigger {
    const bound = bindAll(this.parts, job);
    if (bound === this.parts) return this;
    const trigger = new AllOfTrigger(bound);
    trigger.refuseTickless();
    return trigger;
  }

  /** Goes on where all of its parts do. */
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
    refuseTickless(this, 'its triggers have no instant in common.');
  }

  override has(at: number): boolean {
    return this.parts.every((part) => part.has(at));
  }

  override boundAfter(afterAt: number, lattice: Lattice): number | null {
    let bound = afterAt + 1;
    for (const part of this.#merge()) {
      const at = part.boundAfter(bound - 1, lattice);
      if (at === null) return null;
      bound = at;
    }
    return bound;
  }

  override boundBefore(beforeAt: number, lattice: Lattice): number | null {
    let bound = beforeAt - 1;
    for (const part of this.#merge()) {
      const at = part.boundBefore(bound + 1, lattice);
      if (at === null) return null;
      bound = at;
    }
    return bound;
  }

  override ticksIn(span: TickSpan): TickSet {
    const [first, ...others] = this.#merge();
    let set = first!.ticksIn(span);
    for (const part of others) {
      if (set.isEmpty) return set;
      set = span.intersection(set, part.ticksIn(span));
    }
    return set;
  }

  /** Steps from part to part until all stay. */
  #meet(
    fromAt: number,
    step: (part: BaseTrigger, at: number) => number | null | undefined,
  ): number | null | undefined {
    const parts = this.#merge();
    let at = fromAt;
    let agreed = 0;
    for (let look = 0; look < FEW_ROUNDS * parts.length; look++) {
      const tick = step(parts[look % parts.length]!, at);
      if (tick === null || tick === undefined) return tick;
      agreed = tick === at ? agreed + 1 : 1;
      at = tick;
      if (agreed === parts.length) return at;
    }
    return undefined;
  }

  /** The parts, with all intervals among them made one, exactly; NEVER alone when those share no tick. */
  #merge(): readonly BaseTrigger[] {
    if (this.#merged !== null) return this.#merged;
    const others = this.parts.filter((part) => part.grid() === null);
    const grids = this.parts.map((part) => part.grid()).filter((grid) => grid !== null);
    // Cron expressions and calendar intervals have whole seconds only.
    if (grids.length > 0 && others.some(({ type }) => type === 'cron' || type === 'calendarInterval'))
      grids.push(WHOLE_SECONDS);
    if (grids.length < 2) return (this.#merged = this.parts);
    const common = grids.reduce<TickGrid | null>(
      (one, other) => (one === null ? null : commonGrid(one, other)),
      grids[0]!,
    );
    return (this.#merged = common === null ? NEVER : [IntervalTrigger.ofGrid(common), ...others]);
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
