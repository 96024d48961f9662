/**
 * The proleptic Gregorian calendar in whole numbers. Days count from 1970-01-01, months from the start of
 * the year 0 (year * 12 + month - 1), seconds from 1970-01-01T00:00:00 of a wall clock. Algorithms: Howard
 * Hinnant, "chrono-compatible low-level date algorithms".
 */
export const DAY_SECONDS = 86_400;

/** The first and last second of the years 1 to 9999; triggers have no ticks outside them. */
export const FIRST_SECOND = -62_135_596_800;
export const LAST_SECOND = 253_402_300_799;

const MONTH_LENGTHS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

function isLeapYear(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
}

export function daysInMonth(month: number): number {
  const inYear = month % 12;
  return inYear === 1 && isLeapYear(Math.floor(month / 12)) ? 29 : MONTH_LENGTHS[inYear]!;
}

/** The month a day lies in. */
export function monthOfDay(day: number): number {
  const shifted = day + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra =
    ((dayOfEra - ((dayOfEra / 1460) | 0) + ((dayOfEra / 36_524) | 0) - ((dayOfEra / 146_096) | 0)) / 365) | 0;
  const dayOfYear = dayOfEra - (365 * yearOfEra + (yearOfEra >> 2) - ((yearOfEra / 100) | 0));
  // Years begin in March here, so that a leap day is the last day of its year.
  const fromMarch = ((5 * dayOfYear + 2) / 153) | 0;
  return (yearOfEra + era * 400) * 12 + fromMarch + 2;
}

/** The first day of a month. */
export function firstDayOfMonth(month: number): number {
  const fromMarch = (((month - 2) % 12) + 12) % 12;
  const year = (month - 2 - fromMarch) / 12;
  const era = Math.floor(year / 400);
  const yearOfEra = year - era * 400;
  const dayOfYear = ((153 * fromMarch + 2) / 5) | 0;
  const dayOfEra = yearOfEra * 365 + (yearOfEra >> 2) - ((yearOfEra / 100) | 0) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}

/** 0 is Sunday. */
export function weekdayOfDay(day: number): number {
  return (((day + 4) % 7) + 7) % 7;
}

/** `2027-03-28T03:00:00`. */
export function formatWallSecond(wall: number): string {
  const day = Math.floor(wall / DAY_SECONDS);
  const second = wall - day * DAY_SECONDS;
  const month = monthOfDay(day);
  const year = Math.floor(month / 12);
  const date = `${two(year, 4)}-${two(month - year * 12 + 1)}-${two(day - firstDayOfMonth(month) + 1)}`;
  return `${date}T${two(Math.floor(second / 3600))}:${two(Math.floor(second / 60) % 60)}:${two(second % 60)}`;
}

/** `+02:00`; seconds only where there are some (`+00:53:28`). */
export function formatOffset(offset: number): string {
  const size = Math.abs(offset);
  const text = `${offset < 0 ? '-' : '+'}${two(Math.floor(size / 3600))}:${two(Math.floor(size / 60) % 60)}`;
  return size % 60 === 0 ? text : `${text}:${two(size % 60)}`;
}

function two(value: number, digits = 2): string {
  return String(value).padStart(digits, '0');
}
