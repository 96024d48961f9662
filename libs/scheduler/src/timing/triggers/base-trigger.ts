import { formatOffset, formatWallSecond } from '../time/civil-calendar.js';
import { fromDate } from '../time/instant.js';
import { InvalidTriggerError } from '../errors/trigger-errors.js';
import type {
  AfterSetBack,
  ClockSetBack,
  PreviewedTick,
  Trigger,
  TriggerBinding,
  TriggerJson,
} from './trigger.js';
import type { TickSet } from '../time/tick-set.js';
import type { TickGrid } from '../time/tick-grid.js';
import type { Lattice, TickSpan } from '../time/tick-span.js';

const MOST_PREVIEWED = 10_000;

/** Facts from which a sweep chooses its lattices, and the instants at which it must look anew. */
export interface Landmarks {
  readonly grids: TickGrid[];
  /** Single ticks, or instants that are left out. */
  readonly instants: number[];
  /** Starts and ends of windows; ticks before one tell nothing of those after it. */
  readonly edges: number[];
}

/**
 * Base of all triggers: the public edge, where instants are `Date`s and arguments are checked, and the
 * facts about a trigger that combinations ask for.
 */
export abstract class BaseTrigger implements Trigger {
  abstract readonly type: TriggerJson['type'];
  /** IANA name or fixed offset; null until a job supplies it, undefined when no zone matters. */
  abstract readonly timezone: string | null | undefined;

  abstract nextAt(afterAt: number): number | null;
  abstract prevAt(beforeAt: number): number | null;
  abstract countBetween(fromAt: number, toAt: number): number;
  abstract bind(job: Partial<TriggerBinding>): BaseTrigger;
  abstract afterClockSetBack(step: ClockSetBack): AfterSetBack<BaseTrigger>;
  abstract toJSON(): TriggerJson;
  abstract toString(): string;

  get waitsForRun(): boolean {
    return false;
  }

  get countsUpTo(): number {
    return Infinity;
  }

  /** The tick that was waited for and is overdue by the clock after the step, too; else null. */
  protected stillOverdue({ nowAt, waitingAt }: ClockSetBack): number | null {
    const at = waitingAt === null ? null : this.nextAt(waitingAt - 1);
    return at !== null && at <= nowAt ? at : null;
  }

  /** The longest delay of a tick, ms; 0 without jitter. */
  get jitterMs(): number {
    return 0;
  }

  /** False while the ticks depend on the instant passed in or on a seed, which a job supplies. */
  get isSettled(): boolean {
    return true;
  }

  /** The number of triggers it consists of. */
  get size(): number {
    return 1;
  }

  firstAt(nowAt: number): number | null {
    return this.nextAt(nowAt);
  }

  delayAt(_tickAt: number): number {
    return 0;
  }

  /** @throws InvalidTriggerError when `after` is no valid Date */
  next(after: Date): Date | null {
    const at = this.nextAt(fromDate(after, 'after'));
    return at === null ? null : new Date(at);
  }

  /** @throws InvalidTriggerError when `before` is no valid Date */
  prev(before: Date): Date | null {
    const at = this.prevAt(fromDate(before, 'before'));
    return at === null ? null : new Date(at);
  }

  /** @throws InvalidTriggerError when `from` is no valid Date or `count` is not 1 to 10,000 */
  preview(count: number, from: Date): PreviewedTick[] {
    if (!Number.isInteger(count) || count < 1 || count > MOST_PREVIEWED) {
      throw new InvalidTriggerError(
        'count',
        count,
        'which is not a whole number of ticks',
        `Ask for 1 to ${MOST_PREVIEWED}.`,
      );
    }
    const fromAt = fromDate(from, 'from');
    // Bound once, so that all ticks count from one anchor, as those of a job that starts at `from`.
    const bound = this.bind({ anchorAt: fromAt });
    const ticks: PreviewedTick[] = [];
    let at = bound.nextAt(fromAt);
    while (at !== null && ticks.length < count) {
      ticks.push({ ...bound.showTick(at), delayMs: bound.delayAt(at) });
      at = bound.nextAt(at);
    }
    return ticks;
  }

  /** A tick as `preview` shows it; in UTC when no zone matters. */
  showTick(at: number): Omit<PreviewedTick, 'delayMs'> {
    return {
      at: new Date(at),
      wallTime: formatWallSecond(Math.floor(at / 1000)),
      offset: formatOffset(0),
      effects: [],
    };
  }

  has(at: number): boolean {
    return this.nextAt(at - 1) === at;
  }

  // ---- for combinations ----

  /** `nextAt`, or undefined when a few steps do not find it. */
  quickNextAt(afterAt: number): number | null | undefined {
    return this.nextAt(afterAt);
  }

  /** `prevAt`, or undefined when a few steps do not find it. */
  quickPrevAt(beforeAt: number): number | null | undefined {
    return this.prevAt(beforeAt);
  }

  /** A lower bound of the next tick on a lattice; null when there is none. */
  boundAfter(afterAt: number, _lattice: Lattice): number | null {
    return this.nextAt(afterAt);
  }

  /** An upper bound of the previous tick on a lattice; null when there is none. */
  boundBefore(beforeAt: number, _lattice: Lattice): number | null {
    return this.prevAt(beforeAt);
  }

  /** The ticks among the instants of a span. This one walks them; a trigger with many has its own. */
  ticksIn(span: TickSpan): TickSet {
    return span.setOf(this.#ticksBetween(span.firstAt, span.lastAt));
  }

  /** Adds the landmarks of this trigger, and of those it consists of. */
  addLandmarks(_to: Landmarks): void {
    // Most have none.
  }

  /** The ticks as whole steps from a first one, where they are that; else null. */
  grid(): TickGrid | null {
    return null;
  }

  *#ticksBetween(fromAt: number, toAt: number): Iterable<number> {
    for (let at = this.nextAt(fromAt - 1); at !== null && at <= toAt; at = this.nextAt(at)) yield at;
  }
}
