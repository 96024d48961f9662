import { InvalidOptionsError } from '../../model/index.js';
import type { CronJobOptions } from '../decorators/job-options.js';

const OFFSET = /^[+-]\d\d:\d\d$/;
/** The farthest that any zone is from UTC, in minutes. */
const FARTHEST = 14 * 60;

/**
 * The zone that the three ways of naming one agree on; undefined when none is given.
 *
 * @throws InvalidOptionsError when two of them are given, or the offset is none
 */
export function readZone({ timezone, timeZone, utcOffset }: CronJobOptions): string | undefined {
  const zone = timezone ?? timeZone;
  if (timezone !== undefined && timeZone !== undefined && timezone !== timeZone) {
    throw new InvalidOptionsError(
      'timeZone',
      timeZone,
      `It is another word for timezone, which is ${JSON.stringify(timezone)}: give one of the two.`,
    );
  }
  if (utcOffset === undefined || utcOffset === null) return zone;
  if (zone !== undefined) {
    throw new InvalidOptionsError(
      'utcOffset',
      utcOffset,
      `The time zone is ${JSON.stringify(zone)} already: give one of the two.`,
    );
  }
  return fixedOffset(utcOffset);
}

function fixedOffset(utcOffset: unknown): string {
  if (typeof utcOffset === 'string' && OFFSET.test(utcOffset)) return utcOffset;
  if (typeof utcOffset !== 'number' || !Number.isInteger(utcOffset) || Math.abs(utcOffset) > FARTHEST) {
    throw new InvalidOptionsError(
      'utcOffset',
      utcOffset,
      "Give whole minutes east of UTC (120 is two hours), or a text such as '+02:00'.",
    );
  }
  const minutes = Math.abs(utcOffset);
  return `${utcOffset < 0 ? '-' : '+'}${twoDigits(Math.floor(minutes / 60))}:${twoDigits(minutes % 60)}`;
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0');
}
