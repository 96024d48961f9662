import { cron } from '@carillon/scheduler';
import { DEFAULT_POLICIES, type Policies } from '../../libs/scheduler/src/model/index.js';
import { planTicks, type TickPlan } from '../../libs/scheduler/src/rules/index.js';
import type { Scenario } from '../harness/scenario.js';
import { grouped, seededRandom } from '../harness/statistics.js';

const FROM = Date.UTC(2024, 0, 1);
const YEAR_MS = 365.25 * 86_400_000;
/** Every second, counted where clocks change twice a year. */
const TRIGGER = cron('* * * * * *', { timezone: 'Europe/Berlin' });
/** Plans made before the clock is asked for the time again. */
const BATCH = 64;

const POLICIES = {
  'coalesce latest': {},
  'coalesce earliest': { coalesce: 'earliest' },
  [`coalesce all, ${DEFAULT_POLICIES.maxCatchUp} of them run`]: { coalesce: 'all' },
  'misfireGrace 5 min': { misfireGraceMs: 300_000 },
} satisfies Record<string, Partial<Policies>>;

/** Due ticks of one job: that of this second, and all since then. */
const OVERDUE = { 'on time': 1, 'an hour late': 3_600, 'three years late': 3 * 365 * 86_400 };

export const planning: Scenario<{ policy: string; forMs: number }> = {
  name: 'planning',
  title: 'Planning what is due, no store and no run',
  method:
    'The pure planner for one job of every second in Europe/Berlin, from random instants of three years; each plan is checked to account for every tick. ' +
    `Late by an hour ${grouped(OVERDUE['an hour late'])} ticks are due, late by three years ${grouped(OVERDUE['three years late'])}.`,
  repeats: 3,
  measures: Object.keys(POLICIES).flatMap((policy) => [
    { key: `${policy}.on time`, title: `${policy}: on time`, unit: 'ticks/s' as const },
    { key: `${policy}.an hour late`, title: `${policy}: an hour late`, unit: 'ticks/s' as const },
    {
      key: `${policy}.three years late`,
      title: `${policy}: three years late, one plan`,
      unit: 'µs' as const,
      targets: [{ atMost: 1_000 }],
    },
  ]),
  cases: ({ quick }) =>
    Object.keys(POLICIES).map((policy) => ({
      contender: 'carillon' as const,
      variant: policy,
      input: { policy, forMs: quick ? 100 : 400 },
      limitMs: 60_000,
    })),

  run({ policy, forMs }) {
    const policies: Policies = { ...DEFAULT_POLICIES, ...POLICIES[policy] };
    const figures = Object.entries(OVERDUE).map(([late, ticks]) => {
      plansFor(forMs, ticks, policies);
      const { plans, ms } = plansFor(forMs, ticks, policies);
      return [late, late === 'three years late' ? (ms * 1_000) / plans : (ticks * plans * 1_000) / ms];
    });
    return { figures: Object.fromEntries(figures) };
  },
};

function plansFor(forMs: number, ticks: number, policies: Policies): { plans: number; ms: number } {
  const random = seededRandom(1);
  let plans = 0;
  const begun = performance.now();
  do {
    for (let index = 0; index < BATCH; index++) {
      const firstAt = FROM + Math.floor((random() * 3 * YEAR_MS) / 1_000) * 1_000;
      const now = firstAt + (ticks - 1) * 1_000;
      const due = { trigger: TRIGGER, firstAt, now, policies, active: 0, catchingUp: false, runsLeft: null };
      const accounted = ticksOf(planTicks(due));
      if (accounted !== ticks) throw new Error(`${accounted} ticks accounted for of ${ticks}`);
    }
    plans += BATCH;
  } while (performance.now() - begun < forMs);
  return { plans, ms: performance.now() - begun };
}

function ticksOf({ startAt, queued, spans }: TickPlan): number {
  return spans.reduce((sum, { count }) => sum + count, (startAt === null ? 0 : 1) + queued.length);
}
