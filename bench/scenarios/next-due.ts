import { loadContender } from '../contenders/contender.js';
import type { ContenderName, Scenario, Target } from '../harness/scenario.js';
import { seededRandom } from '../harness/statistics.js';
import { COMMON_EXPRESSIONS } from './expressions.js';

const CONTENDERS: readonly ContenderName[] = [
  'carillon',
  'limit',
  'cron-schedule',
  'croner',
  'cron-parser',
  '@nestjs/schedule',
];
const ZONES = ['UTC', 'Europe/Berlin', 'America/New_York'];
const FROM = Date.UTC(2024, 0, 1);
/** Not further: `cron` refuses instants more than eight years ahead of now. */
const YEARS_MS = 6 * 365.25 * 86_400_000;
/** Steps before the walk starts again from another random instant. */
const STEPS = 10;

const targets = (timesCronParser: number, ...more: Target[]): Target[] => [
  { atMost: 0.25 },
  { timesBetterThan: 'cron-parser', atLeast: timesCronParser },
  ...more,
];

export const nextDue: Scenario<{ timezone: string; inside: boolean; forMs: number }> = {
  name: 'next-due',
  title: 'Next due instant',
  method:
    `Ten common expressions, each walked ${STEPS} steps forward from random instants of 2024 to 2029, the same ones for all; ` +
    'parsing, zone tables and the first walks (warm-up) are not counted. Ours is `trigger.next(date)`, and `nextAt(ms)`, which the engine calls, in the rows that say so; ' +
    "cron-parser's iterator is reset to the instant and not parsed anew. cron-schedule knows local time only.",
  repeats: 5,
  measures: [
    {
      key: 'UTC.us',
      title: 'UTC',
      unit: 'µs',
      targets: targets(250, { timesBetterThan: 'cron-schedule', atLeast: 3 }),
    },
    { key: 'Europe/Berlin.us', title: 'Europe/Berlin', unit: 'µs', targets: targets(1_000) },
    { key: 'America/New_York.us', title: 'America/New_York', unit: 'µs', targets: targets(1_000) },
    ...ZONES.map((zone) => ({
      key: `${zone}, nextAt.us`,
      title: `${zone}, nextAt(ms)`,
      unit: 'µs' as const,
    })),
  ],
  cases: ({ quick }) =>
    ZONES.flatMap((timezone) => {
      const one = (contender: ContenderName, inside: boolean) => ({
        contender,
        variant: inside ? `${timezone}, nextAt` : timezone,
        input: { timezone, inside, forMs: quick ? 150 : 400 },
        limitMs: 60_000,
      });
      const contenders = CONTENDERS.filter((name) => timezone === 'UTC' || name !== 'cron-schedule');
      return [...contenders.map((contender) => one(contender, false)), one('carillon', true)];
    }),

  async run({ timezone, inside, forMs }, name) {
    const contender = inside
      ? (await import('../contenders/carillon.js')).carillonInside
      : await loadContender(name);
    const walkers = COMMON_EXPRESSIONS.map((expression) => contender.walker(expression, timezone)!);
    const random = seededRandom(1);
    let checksum = 0;
    const walkAll = (): void => {
      const from = FROM + Math.floor(random() * YEARS_MS);
      for (const walk of walkers) checksum += walk(from, STEPS);
    };
    const walksFor = (ms: number): number => {
      const begun = performance.now();
      let walks = 0;
      do walkAll();
      while ((++walks, performance.now() - begun < ms));
      return ((performance.now() - begun) * 1_000) / (walks * STEPS * walkers.length);
    };
    walksFor(forMs);
    const us = walksFor(forMs);
    return {
      figures: { us },
      ...(Number.isFinite(checksum) ? {} : { note: 'gave no instant for some steps' }),
    };
  },
};
