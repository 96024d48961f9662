import { Cron } from 'croner';
import { describe, expect, it } from 'vitest';
import { cron, type CronTrigger, type OnGap, type OnRepeat } from '../index.js';

/*
 * Random expressions in random zones against a walk over every minute or second. The oracle is
 * written from semantics.md alone: Intl for the wall clock, no table, no mask, no code of this room.
 */

const RUNS = Number(process.env['CARILLON_PROPERTY_RUNS'] ?? 2000);
const SEED = Number(process.env['CARILLON_PROPERTY_SEED'] ?? 20_270_328);

// ---- chance -------------------------------------------------------------------------------------

class Chance {
  #state: number;

  constructor(seed: number) {
    this.#state = Math.imul(seed, 0x9e3779b1) >>> 0;
  }

  /** 0 to below `limit`. */
  below(limit: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * limit);
  }

  between(least: number, most: number): number {
    return least + this.below(most - least + 1);
  }

  one<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!;
  }
}

// ---- wall clock ---------------------------------------------------------------------------------

const formats = new Map<string, Intl.DateTimeFormat>();
/** By zone and hour; null where the hour has more than one offset. */
const hours = new Map<string, Map<number, number | null>>();

function readOffset(zone: string, second: number): number {
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
  let ofZone = hours.get(zone);
  if (ofZone === undefined) hours.set(zone, (ofZone = new Map()));
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
  return NAMES[text] ?? Number(text);
}

/** Whether one plain item names a value. */
function names(item: string, value: number, least: number, most: number): boolean {
  const [base, step] = item.split('/') as [string, string?];
  const [from, to] = base === '*' ? [least, most] : base.split('-').map(numberOf);
  const last = to ?? (step === undefined ? from! : most);
  return value >= from! && value <= last && (value - from!) % Number(step ?? 1) === 0;
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
    if (item === 'L') return day === length;
    if (item === 'LW') return day === nearestWeekday(year, month, length, length);
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
    return (
      item !== '?' &&
      (names(item, weekday, 0, 6) || (weekday === 0 && !item.startsWith('*') && names(item, 7, 0, 7)))
    );
  });
  const isOpen = (text: string): boolean => text === '*' || text === '?';
  if (isOpen(days)) return isOpen(weekdays) || byWeekday;
  return isOpen(weekdays) ? byDay : byDay || byWeekday;
}

const dayAnswers = new Map<string, boolean>();
const valueAnswers = new Map<string, boolean[]>();

/** For each value of a time field whether the text names it. */
function namedValues(text: string, most: number): boolean[] {
  let known = valueAnswers.get(`${most} ${text}`);
  if (known === undefined) {
    const items = text.split(',');
    known = Array.from({ length: most + 1 }, (_, value) => items.some((item) => names(item, value, 0, most)));
    valueAnswers.set(`${most} ${text}`, known);
  }
  return known;
}

function matches(fields: readonly string[], wall: number): boolean {
  const inDay = ((wall % 86_400) + 86_400) % 86_400;
  const [second, minute, hour] = [inDay % 60, Math.floor(inDay / 60) % 60, Math.floor(inDay / 3600)];
  const isTime =
    namedValues(fields[2]!, 23)[hour]! &&
    namedValues(fields[1]!, 59)[minute]! &&
    namedValues(fields[0]!, 59)[second]!;
  if (!isTime) return false;
  const key = `${fields.join(' ')} ${wall - inDay}`;
  let answer = dayAnswers.get(key);
  if (answer === undefined) {
    answer = dayMatches(fields, new Date((wall - inDay) * 1000));
    dayAnswers.set(key, answer);
  }
  return answer;
}

interface Rule {
  expression: string;
  zone: string;
  onGap?: OnGap;
  onRepeat?: OnRepeat;
}

/** All ticks in [from, to], whole UTC seconds. */
function walk({ expression, zone, onGap, onRepeat }: Rule, from: number, to: number): number[] {
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

// ---- random cases ---------------------------------------------------------------------------------

const ZONES = [
  'UTC', 'Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'Europe/Dublin', 'Africa/Casablanca', 'Africa/Cairo',
  'America/Nuuk', 'America/Havana', 'America/Santiago', 'America/Sao_Paulo', 'America/St_Johns', 'America/Caracas',
  'Antarctica/Troll', 'Asia/Beirut', 'Asia/Gaza', 'Asia/Tehran', 'Asia/Pyongyang', 'Asia/Kathmandu', 'Europe/Istanbul',
  'Pacific/Apia', 'Pacific/Auckland', 'Pacific/Norfolk', 'Asia/Amman', 'America/Asuncion', 'Africa/Monrovia',
]; // prettier-ignore

function timeField(chance: Chance, most: number): string {
  const [a, b] = [chance.between(0, most), chance.between(0, most)].toSorted((x, y) => x - y) as [
    number,
    number,
  ];
  const step = chance.between(1, most);
  return chance.one([
    `${a}`,
    `${a}`,
    `${b}`,
    '*',
    `*/${step}`,
    `${a}-${b}`,
    `${a}-${b}/${step}`,
    `${a}/${step}`,
    `${a},${b}`,
    `${b},*/${step}`,
  ]);
}

function dayField(chance: Chance): string {
  const [a, b] = [chance.between(1, 31), chance.between(1, 31)].toSorted((x, y) => x - y) as [number, number];
  return chance.one([
    '*',
    '*',
    '*',
    '*',
    '?',
    `${a}`,
    `${a}-${b}`,
    `*/${b}`,
    `${a}/2`,
    `${a},${b}`,
    'L',
    'LW',
    `${a}W`,
    `${a}W,L`,
    '1-31',
  ]);
}

function monthField(chance: Chance): string {
  const [a, b] = [chance.between(1, 12), chance.between(1, 12)].toSorted((x, y) => x - y) as [number, number];
  return chance.one(['*', '*', '*', '*', '*', '*', `${a}-${b}`, `*/${a}`, `${a},${b}`, 'MAR,OCT', 'JAN-JUN']);
}

function weekdayField(chance: Chance): string {
  const [a, b] = [chance.between(0, 7), chance.between(0, 7)].toSorted((x, y) => x - y) as [number, number];
  const nth = chance.between(1, 5);
  return chance.one([
    '*',
    '*',
    '*',
    '*',
    '*',
    '?',
    `${a}`,
    `${a}-${b}`,
    `*/${nth}`,
    `${a},${b}`,
    'MON-FRI',
    `${a}L`,
    `${a}#${nth}`,
    `${a}#${nth},${b}L`,
    'SAT',
  ]);
}

function randomExpression(chance: Chance): string {
  const hour = chance.below(3) === 0 ? `${chance.between(0, 4)}` : timeField(chance, 23);
  const rest = [timeField(chance, 59), hour, dayField(chance), monthField(chance), weekdayField(chance)];
  return chance.below(4) === 0 ? [timeField(chance, 59), ...rest].join(' ') : rest.join(' ');
}

const yearChanges = new Map<string, number[]>();

/** Hours in which a zone changes its offset in a year. */
function changesOfYear(zone: string, year: number): number[] {
  const key = `${zone} ${year}`;
  let known = yearChanges.get(key);
  if (known === undefined) {
    known = [];
    const first = Date.UTC(year, 0, 1) / 1000;
    for (let day = 0; day < 365; day++) {
      if (readOffset(zone, first + day * 86_400) !== readOffset(zone, first + (day + 1) * 86_400))
        known.push(first + day * 86_400);
    }
    yearChanges.set(key, known);
  }
  return known;
}

function randomInstant(chance: Chance, zone: string): number {
  const year = chance.one([1978, 1991, 2007, 2011, 2015, 2018, 2024, 2026, 2027, 2035]);
  const changes = changesOfYear(zone, year);
  if (changes.length > 0 && chance.below(4) > 0)
    return (chance.one(changes) + chance.between(-12, 36) * 3600) * 1000 + chance.below(3_600_000);
  return Date.UTC(
    year,
    chance.below(12),
    chance.between(1, 28),
    chance.below(24),
    chance.below(60),
    chance.below(60),
    chance.below(1000),
  );
}

function possible(rule: Rule): CronTrigger | null {
  try {
    return cron(rule.expression, { timezone: rule.zone, onGap: rule.onGap, onRepeat: rule.onRepeat });
  } catch (error) {
    // Only what can never match may be refused here.
    if ((error as { code?: string }).code === 'NEVER_FIRES') return null;
    throw error;
  }
}

/** The ticks in (from, to] that a trigger gives one by one, at most `most` from either end. */
function stepForward(trigger: CronTrigger, from: number, to: number, most: number): number[] {
  const found: number[] = [];
  for (let at = trigger.nextAt(from); at !== null && at <= to && found.length < most; at = trigger.nextAt(at))
    found.push(at / 1000);
  return found;
}

function stepBack(trigger: CronTrigger, from: number, to: number, most: number): number[] {
  const found: number[] = [];
  for (
    let at = trigger.prevAt(to + 1);
    at !== null && at > from && found.length < most;
    at = trigger.prevAt(at)
  )
    found.unshift(at / 1000);
  return found;
}

describe('against a walk over every wall second', () => {
  it(
    `gives the same ticks forwards, backwards and counted, ${RUNS} times`,
    { timeout: Math.max(60_000, RUNS * 30) },
    () => {
      let ticks = 0;
      for (let run = 0; run < RUNS; run++) {
        const seed = SEED + run;
        const chance = new Chance(seed);
        const rule: Rule = { expression: randomExpression(chance), zone: chance.one(ZONES) };
        if (chance.below(5) === 0) rule.onGap = chance.one(['run', 'skip'] as const);
        if (chance.below(5) === 0) rule.onRepeat = chance.one(['first', 'both'] as const);
        const from = randomInstant(chance, rule.zone);
        const trigger = possible(rule);
        if (trigger === null) continue;
        const hasSeconds = rule.expression.split(' ').length === 6;
        const to = from + (hasSeconds ? 2 * 3600_000 : 60 * 3600_000);
        const expected = walk(rule, Math.floor(from / 1000) + 1, Math.floor(to / 1000));
        ticks += expected.length;
        const hint = `CARILLON_PROPERTY_SEED=${seed} CARILLON_PROPERTY_RUNS=1: ${JSON.stringify(rule)} from ${new Date(from).toISOString()}`;
        expect({ hint, ticks: stepForward(trigger, from, to, 60) }).toEqual({
          hint,
          ticks: expected.slice(0, 60),
        });
        expect({ hint, ticks: stepBack(trigger, from, to, 60) }).toEqual({
          hint,
          ticks: expected.slice(-60),
        });
        expect({ hint, count: trigger.countBetween(from + 1, to) }).toEqual({ hint, count: expected.length });
        dayAnswers.clear();
        valueAnswers.clear();
      }
      // The property says something only while there are ticks to compare.
      expect(ticks).toBeGreaterThan(RUNS);
    },
  );

  it('names the same days over four years and across 2100', () => {
    for (let run = 0; run < RUNS / 10; run++) {
      const chance = new Chance(SEED + run);
      const expression = `0 12 ${dayField(chance)} ${monthField(chance)} ${weekdayField(chance)}`;
      const trigger = possible({ expression, zone: 'UTC' });
      if (trigger === null) continue;
      const first = Date.UTC(chance.one([2025, 2098]), 0, 1) / 1000;
      const fields = `0 ${expression}`.split(' ');
      const expected = Array.from({ length: 4 * 366 }, (_, day) => first + day * 86_400 + 12 * 3600).filter(
        (noon) => matches(fields, noon),
      );
      const [from, to] = [first * 1000, (first + 4 * 366 * 86_400) * 1000];
      const hint = `CARILLON_PROPERTY_SEED=${SEED + run}: ${expression}`;
      expect({ hint, ticks: stepForward(trigger, from, to, Infinity) }).toEqual({ hint, ticks: expected });
      expect({ hint, ticks: stepBack(trigger, from, to, Infinity) }).toEqual({ hint, ticks: expected });
      expect({ hint, count: trigger.countBetween(from, to) }).toEqual({ hint, count: expected.length });
      dayAnswers.clear();
    }
  });
});

describe('against croner, where it follows the same rules', () => {
  it('gives the same next ticks in zones that do not change', () => {
    let compared = 0;
    for (let run = 0; run < 300; run++) {
      const chance = new Chance(SEED + run);
      const zone = chance.one(['UTC', 'Asia/Kolkata', 'Asia/Tokyo']);
      const expression = randomExpression(chance);
      // croner reads ? as the present and takes a/s in its own way.
      if (expression.includes('?') || /(^|[ ,])\d+\//.test(expression)) continue;
      const trigger = possible({ expression, zone });
      if (trigger === null) continue;
      const from = Date.UTC(
        2026,
        chance.below(12),
        chance.between(1, 28),
        chance.below(24),
        chance.below(60),
      );
      const theirs = new Cron(expression, { timezone: zone, paused: true }).nextRuns(4, new Date(from));
      const hint = `CARILLON_PROPERTY_SEED=${SEED + run}: ${expression} in ${zone} from ${new Date(from).toISOString()}`;
      const ours = stepForward(trigger, from, Infinity, theirs.length);
      const isoOurs = ours.map((at) => new Date(at * 1000).toISOString());
      expect({ hint, ticks: isoOurs }).toEqual({ hint, ticks: theirs.map((at) => at.toISOString()) });
      compared += theirs.length;
    }
    expect(compared).toBeGreaterThan(500);
  });
});
