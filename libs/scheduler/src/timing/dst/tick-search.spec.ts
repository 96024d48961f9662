import { describe, expect, it } from 'vitest';
import cronCases from '../../../test-data/cron.json' with { type: 'json' };
import changeCases from '../../../test-data/offset-changes.json' with { type: 'json' };
import { cron, type CronTrigger } from '../index.js';

interface GoldenCase {
  id: string;
  expr: string;
  tz: string;
  from: string;
  expected: string[];
  class?: string;
}

function iso(at: number | null): string | null {
  return at === null ? null : new Date(at).toISOString().replace('.000Z', 'Z');
}

/** The next eight, by `next`. */
function walkForward(trigger: CronTrigger, { from, expected }: GoldenCase): (string | null)[] {
  const found: (string | null)[] = [];
  let at: number | null = Date.parse(from);
  for (let index = 0; index < expected.length && at !== null; index++) {
    at = trigger.nextAt(at);
    found.push(iso(at));
  }
  return found;
}

/** The same eight, last first, by `prev` from just after the last. */
function walkBack(trigger: CronTrigger, { expected }: GoldenCase): (string | null)[] {
  const found: (string | null)[] = [];
  let at: number | null = Date.parse(expected.at(-1)!) + 1;
  for (let index = 0; index < expected.length && at !== null; index++) {
    at = trigger.prevAt(at);
    found.unshift(iso(at));
  }
  return found;
}

function differences(cases: readonly GoldenCase[], walk: typeof walkForward): string[] {
  return cases
    .filter(
      (one) =>
        JSON.stringify(walk(cron(one.expr, { timezone: one.tz }), one)) !== JSON.stringify(one.expected),
    )
    .map(({ id, expr, tz, from }) => `${id}: ${expr} in ${tz} from ${from}`);
}

function countDifferences(cases: readonly GoldenCase[]): string[] {
  return cases.flatMap(({ id, expr, tz, from, expected }) => {
    const trigger = cron(expr, { timezone: tz });
    const last = Date.parse(expected.at(-1)!);
    const whole = trigger.countBetween(Date.parse(from) + 1, last);
    const inner = trigger.countBetween(Date.parse(expected[1]!), last - 1);
    return whole === 8 && inner === 6 ? [] : [`${id}: ${expr} in ${tz}: ${whole} and ${inner}`];
  });
}

describe.each([
  ['cron.json', cronCases as GoldenCase[], 2224],
  ['offset-changes.json', changeCases as GoldenCase[], 708],
])('%s', (_name, cases, size) => {
  it('is there in full', () => expect(cases).toHaveLength(size));
  it('gives the next eight ticks of every case', () => expect(differences(cases, walkForward)).toEqual([]));
  it('gives the same eight backwards', () => expect(differences(cases, walkBack)).toEqual([]));
  it('counts them without listing them', () => expect(countDifferences(cases)).toEqual([]));
});

describe('offset-changes.json', () => {
  it('puts every expression in its class', () => {
    const wrong = (changeCases as GoldenCase[]).filter((one) => cron(one.expr).class !== one.class);
    expect(wrong.map(({ id, expr }) => `${id}: ${expr}`)).toEqual([]);
  });

  it('previews the instants that next() gives', () => {
    const previewed = (changeCases as GoldenCase[]).map(({ id, expr, tz, from }) => {
      const ticks = cron(expr, { timezone: tz }).preview(8, new Date(from));
      return { id, ticks: ticks.map(({ at }) => iso(at.getTime())) };
    });
    expect(previewed).toEqual(
      (changeCases as GoldenCase[]).map(({ id, expected }) => ({ id, ticks: expected })),
    );
  });
});
