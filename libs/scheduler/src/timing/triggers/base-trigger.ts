import { formatOffset, formatWallSecond } from '../time/civil-calendar.js';
import type { DayTimes } from './day-times.js';
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
import type { TickGrid } from './tick-grid.js';
import type { Zone } from '../zone/zone.js';

const MOST_PREVIEWED = 10_000;

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

  /** The ticks as whole steps from a first one, where they are that; null elsewhere. */
  get grid(): TickGrid | null {
    return null;
  }

  /**
   * Times of day, on the wall clock of a zone while it has the offset that it has at an instant (UTC
   * seconds), outside which this rule has no tick; null when nothing is known.
   */
  timesOfDay(_zone: Zone, _second: number): DayTimes | null {
    return null;
  }

  /**
   * The instants around one of its ticks between which it has all of its times of day: [from, to], ms.
   * Null when they are not known, or do not tell its ticks.
   */
  regularAround(_zone: Zone, _at: number): { fromAt: number; toAt: number } | null {
    return null;
  }

  /** Due when any one of these has all of its parts due. */
  alternatives(): BaseTrigger[][] {
    return [[this]];
  }
}
