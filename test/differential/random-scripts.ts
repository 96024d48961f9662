import {
  COALESCES,
  IF_TAKEN,
  ON_ABANDONED,
  OVERLAPS,
  type PolicyOptions,
  type TriggerJson,
} from '@carillon/scheduler/store';
import fc from 'fast-check';
import type { JobPlan, Move, Script, Step } from './script.js';
import { forMemory } from './legal-differences.js';
import { START } from './player.js';

export interface ScriptOptions {
  /** For stores with leases: two replicas, and steps that memory has not. */
  leased: boolean;
}

const upTo = (max: number, min = 0) => fc.integer({ min, max });
const at = (seconds: number) => new Date(START + seconds * 1_000).toISOString();
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined, freq: 2 });
const yes = fc.constant(true as const);
const rarely = fc.oneof({ weight: 9, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: yes });
const verbs = <V extends Step['do']>(...some: V[]) => fc.constantFrom(...some);
const claim = upTo(3);
const payload = upTo(3);

/** Periods and instants that meet each other, and the waits below, often. */
const seconds = fc.constantFrom(10, 5, 7, 1, 15, 30);
const waits = fc.constantFrom(1, 1_000, 3_000, 5_000, 10_000, 15_000, 40_000, 100_000);

const intervals: fc.Arbitrary<TriggerJson> = fc.oneof(
  { weight: 2, arbitrary: seconds.map((n): TriggerJson => ({ type: 'interval', everyMs: n * 1_000 })) },
  {
    weight: 1,
    arbitrary: seconds.map((n): TriggerJson => ({ type: 'interval', everyMs: n * 1_000, mode: 'delay' })),
  },
);

const triggers: fc.Arbitrary<TriggerJson> = fc.oneof(
  { weight: 2, arbitrary: intervals },
  {
    weight: 1,
    arbitrary: fc.constantFrom<TriggerJson[]>(
      { type: 'interval', everyMs: 10_000, runOnStart: true },
      { type: 'interval', everyMs: 10_000, endAt: at(35) },
      { type: 'interval', everyMs: 10_000, startAt: at(25), endAt: at(90) },
      { type: 'interval', everyMs: 10_000, mode: 'delay', endAt: at(60) },
      { type: 'interval', everyMs: 10_000, mode: 'delay', runOnStart: true },
      { type: 'interval', everyMs: 7_000, align: 'epoch' },
      { type: 'interval', everyMs: 10_000, jitterMs: 8_000 },
      { type: 'cron', expression: '*/15 * * * * *', timezone: 'UTC' },
      { type: 'cron', expression: '5,20 * * * * *', timezone: 'UTC', jitterMs: 4_000 },
      { type: 'date', at: at(20) },
      { type: 'date', at: at(-5) },
      {
        type: 'anyOf',
        triggers: [
          { type: 'interval', everyMs: 10_000 },
          { type: 'cron', expression: '*/15 * * * * *', timezone: 'UTC' },
        ],
      },
    ),
  },
);

/** Scripts are about one job with any trigger, or about several that share slots, whose ticks never coincide. */
interface World extends ScriptOptions {
  jobs: 1 | 3;
}

function policiesIn({ leased, jobs }: World): fc.Arbitrary<PolicyOptions> {
  const options: fc.Arbitrary<PolicyOptions> = fc.record(
    {
      overlap: fc.constantFrom(...OVERLAPS),
      maxInstances: upTo(3, 1),
      misfireGrace: fc.constantFrom(0, 2_000, 12_000, 60_000),
      coalesce: fc.constantFrom(...COALESCES),
      maxCatchUp: upTo(4, 1),
      maxRuns: upTo(5, 1),
      group: jobs === 1 ? fc.constantFrom('mail', 'other') : fc.constantFrom('mail', 'mail', 'mail', null),
      pauseAfterFailures: upTo(2, 1),
      retry: upTo(3, 1),
      ...(leased && { onAbandoned: fc.constantFrom(...ON_ABANDONED) }),
    },
    { requiredKeys: [] },
  );
  return leased ? options : options.map(forMemory);
}

function stepsIn(world: World): fc.Arbitrary<Step> {
  const of = (weight: number, inputs: Record<string, fc.Arbitrary<unknown>>) => ({
    weight,
    arbitrary: fc.record(inputs).map(withoutUndefined) as fc.Arbitrary<unknown> as fc.Arbitrary<Step>,
  });
  const job = upTo(world.jobs - 1);
  const trigger = world.jobs === 1 ? triggers : intervals;
  const policies = policiesIn(world);
  const plan = plansOf(trigger, policies);
  const leaseSteps = [
    of(8, { do: verbs('lapse') }),
    of(4, { do: verbs('renew') }),
    of(3, { do: verbs('giveBack'), claim }),
    of(5, { do: verbs('declare'), job, plan }),
    of(4, { do: verbs('beat') }),
  ];
  return fc.oneof(
    of(24, { do: verbs('wait'), ms: waits }),
    of(20, { do: verbs('claim') }),
    of(10, { do: verbs('succeed'), claim, value: maybe(payload) }),
    of(6, { do: verbs('fail', 'timeOut'), claim, retryMs: maybe(waits) }),
    of(6, { do: verbs('timeOutHeld', 'release', 'cancelled', 'abandoned'), claim }),
    of(1, { do: verbs('note'), claim, line: fc.constantFrom('one', 'two') }),
    of(5, { do: verbs('request'), job, payload: maybe(payload) }),
    of(7, { do: verbs('pause', 'resume', 'resume'), job }),
    of(3, { do: verbs('pauseFor'), job, ms: waits }),
    of(4, { do: verbs('disable', 'enable', 'enable'), job }),
    of(2, { do: verbs('remove'), job }),
    of(4, { do: verbs('editTrigger'), job, trigger, startsAnew: rarely }),
    of(5, { do: verbs('editPolicies'), job, policies }),
    of(1, { do: verbs('editPayload'), job, payload }),
    of(5, { do: verbs('put'), job, ifTaken: fc.constantFrom(...IF_TAKEN), plan }),
    of(4, {
      do: verbs('backfill'),
      job,
      agoMs: waits,
      spanMs: waits,
      force: maybe(yes),
      dryRun: rarely,
      most: fc.constantFrom(undefined, undefined, 2),
    }),
    ...(world.leased ? leaseSteps : []),
  );
}

function plansOf(
  trigger: fc.Arbitrary<TriggerJson>,
  policies: fc.Arbitrary<PolicyOptions>,
): fc.Arbitrary<JobPlan> {
  return fc.record({ trigger, policies, payload: maybe(payload), disabled: rarely }).map(withoutUndefined);
}

function withoutUndefined<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)) as T;
}

function scriptsIn(world: World): fc.Arbitrary<Script> {
  const steps = stepsIn(world);
  const move: fc.Arbitrary<Move> = world.leased
    ? fc.tuple(steps, upTo(1)).map(([step, by]) => (step.do === 'wait' ? step : { ...step, by }))
    : steps;
  const plan = plansOf(world.jobs === 1 ? triggers : intervals, policiesIn(world));
  const others = Array.from({ length: world.jobs - 1 }, () => fc.option(plan, { freq: 8 }));
  const limits = fc.oneof(
    { weight: world.jobs === 1 ? 5 : 1, arbitrary: fc.constant({ whole: null, groups: {} }) },
    { weight: 1, arbitrary: upTo(2, 1).map((whole) => ({ whole, groups: {} })) },
    { weight: 2, arbitrary: upTo(2, 1).map((mail) => ({ whole: null, groups: { mail } })) },
  );
  return fc
    .tuple(limits, fc.tuple(plan, ...others), fc.array(move, { maxLength: 40, size: 'max' }))
    .map(([chosen, plans, moves]) => ({ limits: chosen, moves: [...plans.flatMap(putFirst), ...moves] }));
}

function putFirst(plan: JobPlan | null, job: number): Move[] {
  return plan === null ? [] : [{ do: 'put', job, ifTaken: 'error', plan }];
}

export function randomScripts(options: ScriptOptions): fc.Arbitrary<Script> {
  return fc.oneof(
    { weight: 2, arbitrary: scriptsIn({ ...options, jobs: 1 }) },
    { weight: 1, arbitrary: scriptsIn({ ...options, jobs: 3 }) },
  );
}
