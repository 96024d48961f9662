import { Cron } from 'croner';
import { describe, expect, it } from 'vitest';
import { cron, type CronTrigger } from '../../libs/scheduler/src/timing/index.js';
import { daysAndTimes, forget, matches, type OracleCase, readOffset, walk } from './cron-oracle.js';
import { Chance, pairsInAList, pairsOfFields, randomExpression, randomField } from './random-cron.js';

/* Random expressions in random zones (C1 to C5, Z1 to Z4) against a walk over every minute or second. */

const RUNS = Number(process.env['CARILLON_PROPERTY_RUNS'] ?? 2000);
const SEED = Number(process.env['CARILLON_PROPERTY_SEED'] ?? 20_270_328);

const ZONES = [
  'UTC', 'Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'Europe/Dublin', 'Africa/Casablanca', 'Africa/Cairo',
  'America/Nuuk', 'America/Havana', 'America/Santiago', 'America/Sao_Paulo', 'America/St_Johns', 'America/Caracas',
  'Antarctica/Troll', 'Asia/Beirut', 'Asia/Gaza', 'Asia/Tehran', 'Asia/Pyongyang', 'Asia/Kathmandu', 'Europe/Istanbul',
  'Pacific/Apia', 'Pacific/Auckland', 'Pacific/Norfolk', 'Asia/Amman', 'America/Asuncion', 'Africa/Monrovia',
]; // prettier-ignore

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

function possible(rule: OracleCase): CronTrigger | null {
  try {
    return cron(rule.expression, { timezone: rule.zone, onGap: rule.onGap, onRepeat: rule.onRepeat });
  } catch (error) {
    // Only what can never match may be refused here.
    if ((error as { code?: string }).code === 'NEVER_FIRES') return null;
    throw error;
  }
}

/**
 * Left out for croner: `?` (its present), a/s and lists with L or W (it reads or refuses them in its own
 * way), L-n, LW-n and wrapping ranges (it has none).
 */
function isReadAlike(expression: string): boolean {
  if (/\?|(^|[ ,])\w+\/|L-|W-|[A-Za-z]-|,[^ ]*[LW#]|[LW#][^ ]*,/.test(expression)) return false;
  return [...expression.matchAll(/(\d+)-(\d+)/g)].every(([, from, to]) => Number(from) < Number(to));
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
        const rule: OracleCase = { expression: randomExpression(chance), zone: chance.one(ZONES) };
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
        forget();
      }
      // The property says something only while there are ticks to compare.
      expect(ticks).toBeGreaterThan(RUNS);
    },
  );

  it('names the same days over four years and across 2100', () => {
    for (let run = 0; run < RUNS / 10; run++) {
      const chance = new Chance(SEED + run);
      const expression = `0 12 ${[3, 4, 5].map((index) => randomField(chance, index)).join(' ')}`;
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
      forget();
    }
  });
});

describe('each pair of productions', () => {
  const [fromDay, toDay] = [2027, 2029].map((year) => Date.UTC(year, 0, 1) / 86_400_000) as [number, number];

  /** Compares the count of two years, and the ticks at both of their ends. */
  function compare(expressions: readonly string[]): void {
    const unmatched: number[] = [];
    for (const expression of expressions) {
      const trigger = possible({ expression, zone: 'UTC' });
      const { days, times } = daysAndTimes(expression, fromDay, toDay);
      forget();
      if (trigger === null) {
        // Refused is what no month has, these two years included.
        unmatched.push(...days);
        continue;
      }
      const [from, to] = [fromDay * 86_400_000, toDay * 86_400_000 - 1];
      const atBothEnds = (day: number): number[] =>
        [...new Set([...times.slice(0, 30), ...times.slice(-30)])].map((time) => day * 86_400 + time);
      const expected = {
        expression,
        count: days.length * times.length,
        first: days.slice(0, 30).flatMap(atBothEnds).slice(0, 30),
        last: days.slice(-30).flatMap(atBothEnds).slice(-30),
      };
      expect({
        expression,
        count: trigger.countBetween(from, to),
        first: stepForward(trigger, from - 1, to, 30),
        last: stepBack(trigger, from - 1, to, 30),
      }).toEqual(expected);
    }
    expect(unmatched).toEqual([]);
  }

  it('in one list is both of them', () => {
    const expressions = pairsInAList(new Chance(SEED));
    expect(expressions.length).toBeGreaterThan(500);
    compare(expressions);
  });

  it('in two fields is both of them', () => {
    const expressions = pairsOfFields(new Chance(SEED));
    expect(expressions.length).toBeGreaterThan(1000);
    compare(expressions);
  });
});

describe('against croner, where it follows the same rules', () => {
  it('gives the same next ticks in zones that do not change', () => {
    let compared = 0;
    for (let run = 0; run < 2500; run++) {
      const chance = new Chance(SEED + run);
      const zone = chance.one(['UTC', 'Asia/Kolkata', 'Asia/Tokyo']);
      const expression = randomExpression(chance);
      if (!isReadAlike(expression)) continue;
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
