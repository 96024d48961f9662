import { formatOffset, formatWallSecond } from './civil-calendar.js';
import { fromDate } from './instant.js';
import { InvalidTriggerError } from './invalid-trigger-error.js';
import type { ClockSetBack, PreviewedTick, Trigger, TriggerBinding, TriggerJson } from './trigger.js';

const MOST_PREVIEWED = 10_000;

/** What all triggers share: the public edge, where instants are `Date`s and arguments are checked. */
export abstract class DueRule implements Trigger {
  abstract readonly type: TriggerJson['type'];

  abstract nextAt(afterAt: number): number | null;
  abstract prevAt(beforeAt: number): number | null;
  abstract countBetween(fromAt: number, toAt: number): number;
  abstract bind(job: TriggerBinding): Trigger;
  abstract afterClockSetBack(step: ClockSetBack): { trigger: Trigger; nextAt: number | null };
  abstract toJSON(): TriggerJson;
  abstract toString(): string;

  /** @throws InvalidTriggerError when `after` is no valid Date. */
  next(after: Date): Date | null {
    const at = this.nextAt(fromDate(after, 'after'));
    return at === null ? null : new Date(at);
  }

  /** @throws InvalidTriggerError when `before` is no valid Date. */
  prev(before: Date): Date | null {
    const at = this.prevAt(fromDate(before, 'before'));
    return at === null ? null : new Date(at);
  }

  /** @throws InvalidTriggerError when `from` is no valid Date or `count` is not 1 to 10,000. */
  preview(count: number, from: Date): PreviewedTick[] {
    if (!Number.isInteger(count) || count < 1 || count > MOST_PREVIEWED) {
      throw new InvalidTriggerError(
        'count',
        count,
        'which is not a whole number of ticks',
        `Ask for 1 to ${MOST_PREVIEWED}.`,
      );
    }
    const ticks: PreviewedTick[] = [];
    let at = this.nextAt(fromDate(from, 'from'));
    while (at !== null && ticks.length < count) {
      ticks.push(this.previewOf(at));
      at = this.nextAt(at);
    }
    return ticks;
  }

  /** A trigger without a time zone shows UTC. */
  protected previewOf(at: number): PreviewedTick {
    return {
      at: new Date(at),
      wallTime: formatWallSecond(Math.floor(at / 1000)),
      offset: formatOffset(0),
      effects: [],
    };
  }
}
