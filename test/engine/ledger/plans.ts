import fc from 'fast-check';
import {
  COALESCES,
  type ConcurrencyLimits,
  OVERLAPS,
  type PolicyOptions,
} from '../../../libs/scheduler/src/model/index.js';
import type { CronJson, TriggerJson } from '../../../libs/scheduler/src/timing/index.js';

/** When every world begins. */
export const START_AT = Date.UTC(2026, 5, 1, 12);

/**
 * What a trigger does in memory when the clock is set back (T1, M4): its anchor moves along, it goes on
 * with the next instant of the clock, or it resumes after its last tick.
 */
export type WhenSetBack = 'moves' | 'goesOn' | 'resumes';

export interface TriggerPlan {
  json: TriggerJson;
  whenSetBack: WhenSetBack;
}

/** What a handler does: at once, after a while, or once its signal is aborted (at the latest after a while). */
export interface Behaviour {
  succeeds: boolean;
  afterMs: number | null;
  heedsAbort: boolean;
}

export interface JobPlan {
  trigger: TriggerPlan;
  policies: PolicyOptions;
  behaviours: Behaviour[];
}

export interface StopPlan {
  drainTimeoutMs: number;
  abortGraceMs: number;
}

export type Action =
  | { kind: 'advance' | 'suspend' | 'stepForward' | 'stepBack'; ms: number }
  | { kind: 'pause' | 'resume' | 'runNow' | 'remove' | 'disable' | 'enable'; job: number }
  | { kind: 'pauseFor'; job: number; ms: number }
  | { kind: 'edit'; job: number; trigger: TriggerPlan }
  | { kind: 'replace'; job: number; plan: JobPlan }
  | { kind: 'backfill'; job: number; agoMs: number; spanMs: number; force: boolean }
  | { kind: 'pauseAll' | 'resumeAll' }
  | { kind: 'restart'; stop: StopPlan; downMs: number; startsAfterMs: number };

export interface WorldPlan {
  jobs: JobPlan[];
  limits: ConcurrencyLimits;
  actions: Action[];
  stop: StopPlan;
}

const upTo = (max: number, min = 0) => fc.integer({ min, max });
const instant = (max: number, min: number) =>
  upTo(max, min).map((ms) => new Date(START_AT + ms).toISOString());
const cron = (expression: string): CronJson => ({ type: 'cron', expression, timezone: 'UTC' });
const from = <T extends TriggerJson>(whenSetBack: WhenSetBack, json: fc.Arbitrary<T>) =>
  json.map((plan): TriggerPlan => ({ json: plan, whenSetBack }));
const jitterMs = upTo(8_000, 1);
const everySecond = cron('* * * * * *');

const intervals = fc.oneof(
  from('moves', fc.record({ type: fc.constant('interval' as const), everyMs: upTo(7_000, 400) })),
  from(
    'moves',
    fc.record(
      {
        type: fc.constant('interval' as const),
        everyMs: upTo(9_000, 2_000),
        jitterMs,
        runOnStart: fc.constant(true as const),
      },
      { requiredKeys: ['type', 'everyMs'] },
    ),
  ),
  from(
    'goesOn',
    fc.record({
      type: fc.constant('interval' as const),
      everyMs: upTo(7_000, 400),
      startAt: instant(60_000, -60_000),
    }),
  ),
  from(
    'goesOn',
    fc.record({
      type: fc.constant('interval' as const),
      everyMs: upTo(7_000, 400),
      align: fc.constant('epoch' as const),
    }),
  ),
  from(
    'moves',
    fc.record({
      type: fc.constant('interval' as const),
      everyMs: upTo(7_000, 400),
      mode: fc.constant('delay' as const),
    }),
  ),
);

const crons = fc.oneof(
  // Class E: they cover every hour.
  from(
    'goesOn',
    fc.constantFrom('* * * * * *', '*/5 * * * * *', '* * * * *', '3-9 * * * * *').map((text) => cron(text)),
  ),
  // Class I and F: fixed hours.
  from(
    'resumes',
    fc
      .constantFrom('*/4 * 12 * * *', '30 0 12 * * *', '5,15,45 0-3 12 * * *', '0 12 * * *')
      .map((text) => cron(text)),
  ),
  from(
    'goesOn',
    jitterMs.map((ms) => ({ ...cron('*/10 * * * * *'), jitterMs: ms })),
  ),
);

const combinations = fc.constantFrom<TriggerPlan>(
  {
    json: {
      type: 'anyOf',
      triggers: [
        cron('*/7 * * * * *'),
        { type: 'interval', everyMs: 5_000, startAt: new Date(START_AT).toISOString() },
      ],
    },
    whenSetBack: 'goesOn',
  },
  {
    json: { type: 'anyOf', triggers: [cron('3 0-5 12 * * *'), cron('8,9 * 12 * * *')] },
    whenSetBack: 'resumes',
  },
  {
    json: {
      type: 'allOf',
      triggers: [
        everySecond,
        { type: 'interval', everyMs: 3_000, startAt: new Date(START_AT + 1_000).toISOString() },
      ],
    },
    whenSetBack: 'goesOn',
  },
  {
    json: { type: 'except', trigger: everySecond, except: cron('*/3 * * * * *') },
    whenSetBack: 'goesOn',
  },
  {
    json: {
      type: 'except',
      trigger: { type: 'interval', everyMs: 4_000, startAt: new Date(START_AT).toISOString() },
      except: [new Date(START_AT + 8_000).toISOString(), new Date(START_AT + 12_000).toISOString()],
    },
    whenSetBack: 'goesOn',
  },
);

const once = fc.oneof(
  from('resumes', fc.record({ type: fc.constant('date' as const), at: instant(90_000, -5_000) })),
  from('moves', fc.record({ type: fc.constant('timeout' as const), afterMs: upTo(60_000, 1) })),
  from(
    'resumes',
    fc.record({
      type: fc.constant('calendarInterval' as const),
      days: fc.constant(1),
      at: fc.constantFrom('12:00:20', '12:01'),
      timezone: fc.constant('UTC'),
    }),
  ),
);

const triggers = fc.oneof(
  { weight: 4, arbitrary: intervals },
  { weight: 3, arbitrary: crons },
  { weight: 2, arbitrary: combinations },
  { weight: 1, arbitrary: once },
);

const policies: fc.Arbitrary<PolicyOptions> = fc.record(
  {
    overlap: fc.constantFrom(...OVERLAPS),
    maxInstances: upTo(3, 1),
    misfireGrace: upTo(8_000),
    coalesce: fc.constantFrom(...COALESCES),
    maxCatchUp: upTo(5, 1),
    timeout: upTo(5_000, 200),
    maxRuns: upTo(6, 1),
    group: fc.constantFrom('mail', 'unlimited'),
    pauseAfterFailures: upTo(4, 1),
    retry: fc.record({
      attempts: upTo(3, 1),
      delay: upTo(4_000),
      backoff: fc.constantFrom('fixed' as const, 'exponential' as const),
    }),
  },
  { requiredKeys: [] },
);

const behaviours: fc.Arbitrary<Behaviour> = fc.record({
  succeeds: fc.boolean(),
  afterMs: fc.option(upTo(9_000), { freq: 2 }),
  heedsAbort: fc.boolean(),
});

const jobPlans: fc.Arbitrary<JobPlan> = fc.record({
  trigger: triggers,
  policies,
  behaviours: fc.array(behaviours, { minLength: 1, maxLength: 4 }),
});

const limits: fc.Arbitrary<ConcurrencyLimits> = fc.record({
  whole: fc.option(upTo(3, 1)),
  groups: fc.record({ mail: upTo(2, 1) }, { requiredKeys: [] }) as fc.Arbitrary<Record<string, number>>,
});

const stops: fc.Arbitrary<StopPlan> = fc.record({
  drainTimeoutMs: fc.constantFrom(0, 500, 3_000),
  abortGraceMs: fc.constantFrom(0, 500),
});

const job = fc.nat(3);
const kinds = <K extends Action['kind']>(...some: K[]) => fc.constantFrom(...some);
const actions = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: fc.record({ kind: kinds('advance'), ms: upTo(20_000) }) },
    { weight: 8, arbitrary: fc.record({ kind: kinds('advance'), ms: upTo(40_000, 5_000) }) },
    { weight: 3, arbitrary: fc.record({ kind: kinds('suspend', 'stepForward'), ms: upTo(40_000) }) },
    { weight: 2, arbitrary: fc.record({ kind: kinds('stepBack'), ms: upTo(40_000, 1_001) }) },
    { weight: 5, arbitrary: fc.record({ kind: kinds('pause', 'resume', 'runNow'), job }) },
    { weight: 2, arbitrary: fc.record({ kind: kinds('remove', 'disable', 'enable'), job }) },
    { weight: 1, arbitrary: fc.record({ kind: kinds('pauseFor'), job, ms: upTo(30_000, 1) }) },
    { weight: 2, arbitrary: fc.record({ kind: kinds('edit'), job, trigger: triggers }) },
    { weight: 2, arbitrary: fc.record({ kind: kinds('replace'), job, plan: jobPlans }) },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: kinds('backfill'),
        job,
        agoMs: upTo(30_000),
        spanMs: upTo(10_000),
        force: fc.boolean(),
      }),
    },
    { weight: 2, arbitrary: fc.record({ kind: kinds('pauseAll', 'resumeAll') }) },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: kinds('restart'),
        stop: stops,
        downMs: upTo(20_000),
        startsAfterMs: upTo(3_000),
      }),
    },
  ) as fc.Arbitrary<Action>,
  { maxLength: 16, size: 'max' },
);

export const worldPlans: fc.Arbitrary<WorldPlan> = fc.record({
  jobs: fc.array(jobPlans, { minLength: 1, maxLength: 4 }),
  limits,
  actions,
  stop: stops,
});
