import type { OnGap, OnRepeat } from '../../libs/scheduler/src/timing/index.js';

/*
 * Ticks by the rules of semantics.md alone, one wall second at a time: Intl for the wall clock, no
 * table, no mask, no code of the timing room.
 */

// ---- wall clock ---------------------------------------------------------------------------------

const formats = new Map<string, Intl.DateTimeFormat>();
/** By zone and hour; null where the hour has more than one offset. */
const hourOffsets = new Map<string, Map<number, number | null>>();

export function readOffset(zone: string, second: number): number {
  let format = formats.get(zone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
    formats.set(zone, format);
  }
  const [month, day, year, hour, minute, inMinute] = format
    .format(second * 1000)
    .match(/\d+/g)!
    .map(Number);
  return Date.UTC(year!, month! - 1, day, hour, minute, inMinute) / 1000 - second;
}

function offsetOf(zone: string, second: number): number {
  const hour = Math.floor(second / 3600);
  let ofZone = hourOffsets.get(zone);
  if (ofZone === undefined) hourOffsets.set(zone, (ofZone = new Map()));
  let known = ofZone.get(hour);
  if (known === undefined) {
    const first = readOffset(zone, hour * 3600);
    known = first === readOffset(zone, hour * 3600 + 3599) ? first : null;
    ofZone.set(hour, known);
  }
  return known ?? readOffset(zone, second);
}

interface Change {
  at: number;
  before: number;
  after: number;
}

function changesIn(zone: string, from: number, to: number): Change[] {
  const changes: Change[] = [];
  for (let hour = Math.floor(from / 3600) * 3600; hour <= to; hour += 3600) {
    if (offsetOf(zone, hour - 1) === offsetOf(zone, hour + 3599)) continue;
    for (let minute = hour; minute < hour + 3600; minute += 60) {
      const [before, after] = [offsetOf(zone, minute - 1), offsetOf(zone, minute)];
      if (before !== after && minute >= from && minute <= to) changes.push({ at: minute, before, after });
    }
  }
  return changes;
}

// ---- the rules of semantics.md, one wall second at a time ------------------------------------------

const NAMES: Record<string, number> = Object.fromEntries([
  ...'JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC'.split(' ').map((name, index) => [name, index + 1]),
  ...'SUN MON TUE WED THU FRI SAT'.split(' ').map((name, index) => [name, index]),
]);

function numberOf(text: string): number {
  return NAMES[text.toUpperCase()] ?? Number(text);
}

/** Whether one plain item names a value; a range is walked along the ring of the field's values. */
function names(item: string, value: number, least: number, most: number): boolean {
  const [base, step = '1'] = item.split('/') as [string, string?];
  const size = most - least + 1;
  const [from, to] = base === '*' ? [least, most] : (base.split('-').map(numberOf) as [number, number?]);
  const last = to ?? (item.includes('/') ? most : from);
  const length = last >= from ? last - from : last - from + size;
  for (let along = 0; along <= length; along += Number(step))
    if ((from - least + along) % size === value - least) return true;
  return false;
}

function nearestWeekday(year: number, month: number, day: number, length: number): number {
  const candidates = [0, -1, 1, -2, 2].map((away) => day + away).filter((one) => one >= 1 && one <= length);
  return candidates.find((one) => ![0, 6].includes(new Date(Date.UTC(year, month, one)).getUTCDay()))!;
}

function dayMatches(fields: readonly string[], wallDay: Date): boolean {
  const [, , , days, months, weekdays] = fields as [string, string, string, string, string, string];
  const [year, month, day, weekday] = [
    wallDay.getUTCFullYear(),
    wallDay.getUTCMonth(),
    wallDay.getUTCDate(),
    wallDay.getUTCDay(),
  ];
  if (!months.split(',').some((item) => names(item, month + 1, 1, 12))) return false;
  const length = new Date(Date.UTC(year, month + 1, 0)).getUTCDate();
  const byDay = days.split(',').some((item) => {
    const fromEnd = /^L(W?)(?:-(\d+))?$/.exec(item);
    if (fromEnd !== null) {
      const last = fromEnd[1] === 'W' ? nearestWeekday(year, month, length, length) : length;
      return day === last - Number(fromEnd[2] ?? 0);
    }
    if (item.endsWith('W')) {
      const wanted = Number(item.slice(0, -1));
      return wanted <= length && day === nearestWeekday(year, month, wanted, length);
    }
    return item !== '?' && names(item, day, 1, 31);
  });
  const byWeekday = weekdays.split(',').some((item) => {
    const [name, nth] = item.split('#') as [string, string?];
    if (nth !== undefined) return numberOf(name) % 7 === weekday && Math.ceil(day / 7) === Number(nth);
    if (item.endsWith('L')) return numberOf(item.slice(0, -1)) % 7 === weekday && day + 7 > length;
    return item !== '?' && names(item, weekday, 0, 6);
  });
  const isOpen = (text: string): boolean => text === '*' || text === '?';
  if (isOpen(days)) return isOpen(weekdays) || byWeekday;
  return isOpen(weekdays) ? byDay : byDay || byWeekday;
}

const dayResults = new Map<string, boolean>();
const valueResults = new Map<string, boolean[]>();

/** For each value of a time field whether the text names it. */
function namedValues(text: string, most: number): boolean[] {
  let known = valueResults.get(`${most} ${text}`);
  if (known === undefined) {
    const items = text.split(',');
    known = Array.from({ length: most + 1 }, (_, value) => items.some((item) => names(item, value, 0, most)));
    valueResults.set(`${most} ${text}`, known);
  }
  return known;
}

export function matches(fields: readonly string[], wall: number): boolean {
  const inDay = ((wall % 86_400) + 86_400) % 86_400;
  const [second, minute, hour] = [inDay % 60, Math.floor(inDay / 60) % 60, Math.floor(inDay / 3600)];
  const isTime =
    namedValues(fields[2]!, 23)[hour]! &&
    namedValues(fields[1]!, 59)[minute]! &&
    namedValues(fields[0]!, 59)[second]!;
  if (!isTime) return false;
  const key = `${fields.join(' ')} ${wall - inDay}`;
  let result = dayResults.get(key);
  if (result === undefined) {
    result = dayMatches(fields, new Date((wall - inDay) * 1000));
    dayResults.set(key, result);
  }
  return result;
}

export interface OracleCase {
  expression: string;
  zone: string;
  onGap?: OnGap;
  onRepeat?: OnRepeat;
}

/** All ticks in [from, to], whole UTC seconds. */
export function walk({ expression, zone, onGap, onRepeat }: OracleCase, from: number, to: number): number[] {
  const words = expression.split(' ');
  const fields = words.length === 5 ? ['0', ...words] : words;
  const coversHours = namedValues(fields[2]!, 23).every((isNamed) => isNamed);
  const isInterval = !coversHours && fields.slice(0, 3).some((text) => /[*/]/.test(text));
  const runsGaps = (onGap ?? (coversHours ? 'skip' : 'run')) === 'run';
  const firstOnly = (onRepeat ?? (coversHours || isInterval ? 'both' : 'first')) === 'first';
  const changes = changesIn(zone, from - 2 * 86_400, to);
  const step = fields[0] === '0' ? 60 : 1;
  const found = new Set<number>();
  for (let second = Math.ceil(from / step) * step; second <= to; second += step) {
    const isSecondPass = changes.some(
      ({ at, before, after }) => after < before && second >= at && second < at + before - after,
    );
    if (isSecondPass && firstOnly) continue;
    if (matches(fields, second + offsetOf(zone, second))) found.add(second);
  }
  for (const { at, before, after } of changes) {
    if (!runsGaps || at < from || after <= before || after - before > 3 * 3600) continue;
    for (let wall = at + before; wall < at + after; wall += step) if (matches(fields, wall)) found.add(at);
  }
  return [...found].toSorted((a, b) => a - b);
}

/** In UTC: the matching days of [fromDay, toDay), counted from 1970, and the matching seconds of each. */
export function daysAndTimes(
  expression: string,
  fromDay: number,
  toDay: number,
): { days: number[]; times: number[] } {
  const fields = expression.split(' ');
  const days = Array.from({ length: toDay - fromDay }, (_, index) => fromDay + index).filter((day) =>
    dayMatches(fields, new Date(day * 86_400_000)),
  );
  const [seconds, minutes, hours] = [59, 59, 23].map((most, index) =>
    namedValues(fields[index]!, most).flatMap((isNamed, value) => (isNamed ? [value] : [])),
  ) as [number[], number[], number[]];
  const times = hours.flatMap((hour) =>
    minutes.flatMap((minute) => seconds.map((second) => hour * 3600 + minute * 60 + second)),
  );
  return { days, times };
}

/** Drops cached verdicts, which are of one expression each. */
export function forget(): void {
  dayResults.clear();
  valueResults.clear();
}
