import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  type ConcurrencyLimits,
  OVERLAPS,
  type PolicyOptions,
} from '../../libs/scheduler/src/model/index.js';
import { anyOf, at, cron, every, type Trigger } from '../../libs/scheduler/src/timing/index.js';
import { START, World } from './world.js';

/**
 * Every due time of every job ends in exactly one recorded outcome: for random jobs, policies,
 * handlers and disturbances, the instants that the triggers say were due are the recorded ones,
 * each once. CARILLON_WORLDS=20000 runs more; CARILLON_SEED repeats a failure.
 */
const WORLDS = Number(process.env.CARILLON_WORLDS ?? 400);
const SEED = Number(process.env.CARILLON_SEED ?? 20_261_121);

type Behaviour = { kind: 'returns' } | { kind: 'throws' } | { kind: 'resolves' | 'rejects'; afterMs: number };

interface JobPlan {
  trigger: () => Trigger;
  policies: PolicyOptions;
  behaviours: Behaviour[];
}

type Action =
  | { kind: 'advance' | 'suspend' | 'stepForward'; ms: number }
  | { kind: 'pause' | 'resume' | 'runNow' | 'remove'; job: number }
  | { kind: 'pauseFor'; job: number; ms: number }
  | { kind: 'edit'; job: number; trigger: () => Trigger }
  | { kind: 'pauseAll' | 'resumeAll' };

const triggers = fc.oneof(
  fc.integer({ min: 400, max: 7_000 }).map((ms) => () => every(ms)),
  fc
    .constantFrom('* * * * * *', '*/5 * * * * *', '* * * * *', '3-9 * * * * *', '0 12 * * *')
    .map((text) => () => cron(text, { timezone: 'UTC' })),
  fc.tuple(fc.integer({ min: 2_000, max: 9_000 }), fc.integer({ min: 1, max: 8_000 })).map(
    ([ms, jitter]) =>
      () =>
        every(ms, { jitter }),
  ),
  fc.constantFrom(
    () => anyOf(cron('*/7 * * * * *', { timezone: 'UTC' }), every('5s', { startAt: START })),
    () => cron('* * * * * *', { timezone: 'UTC' }).except(cron('*/3 * * * * *', { timezone: 'UTC' })),
  ),
  fc.integer({ min: -5_000, max: 90_000 }).map((ms) => () => at(new Date(START.getTime() + ms))),
);

const policies: fc.Arbitrary<PolicyOptions> = fc.record(
  {
    overlap: fc.constantFrom(...OVERLAPS),
    maxInstances: fc.integer({ min: 1, max: 3 }),
    misfireGrace: fc.integer({ min: 0, max: 8_000 }),
    coalesce: fc.constantFrom('latest' as const, 'earliest' as const, 'all' as const),
    maxCatchUp: fc.integer({ min: 1, max: 5 }),
    timeout: fc.integer({ min: 200, max: 5_000 }),
    group: fc.constantFrom('mail', 'unlimited'),
    pauseAfterFailures: fc.integer({ min: 1, max: 4 }),
    retry: fc.record({
      attempts: fc.integer({ min: 1, max: 3 }),
      delay: fc.integer({ min: 0, max: 4_000 }),
      backoff: fc.constantFrom('fixed' as const, 'exponential' as const),
    }),
  },
  { requiredKeys: [] },
);

const behaviours: fc.Arbitrary<Behaviour> = fc.oneof(
  fc.constantFrom<Behaviour>({ kind: 'returns' }, { kind: 'throws' }),
  fc.record({
    kind: fc.constantFrom('resolves' as const, 'rejects' as const),
    afterMs: fc.integer({ min: 0, max: 9_000 }),
  }),
);

const jobs = fc.array(
  fc.record({
    trigger: triggers,
    policies,
    behaviours: fc.array(behaviours, { minLength: 1, maxLength: 4 }),
  }),
  { minLength: 1, maxLength: 4 },
);

const limits: fc.Arbitrary<ConcurrencyLimits> = fc.record({
  whole: fc.option(fc.integer({ min: 1, max: 3 })),
  groups: fc.record({ mail: fc.integer({ min: 1, max: 2 }) }, { requiredKeys: [] }) as fc.Arbitrary<
    Record<string, number>
  >,
});

const job = fc.nat(3);
const long = fc.integer({ min: 0, max: 40_000 });
const one = <K extends Action['kind']>(...kinds: K[]) => fc.constantFrom(...kinds);
const actions = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.record({ kind: one('advance'), ms: fc.integer({ min: 0, max: 20_000 }) }) },
    { weight: 2, arbitrary: fc.record({ kind: one('suspend', 'stepForward'), ms: long }) },
    { weight: 3, arbitrary: fc.record({ kind: one('pause', 'resume', 'runNow'), job }) },
    { weight: 1, arbitrary: fc.record({ kind: one('remove'), job }) },
    {
      weight: 1,
      arbitrary: fc.record({ kind: one('pauseFor'), job, ms: fc.integer({ min: 1, max: 30_000 }) }),
    },
    { weight: 1, arbitrary: fc.record({ kind: one('edit'), job, trigger: triggers }) },
    { weight: 1, arbitrary: fc.record({ kind: one('pauseAll', 'resumeAll') }) },
  ),
  { maxLength: 14 },
);

/** A trigger while it was in force: its ticks in (fromAt, toAt] were due. */
interface Reign {
  trigger: Trigger;
  fromAt: number;
  toAt: number | null;
}

class LedgerWorld extends World {
  readonly reigns = new Map<string, Reign[]>();
  readonly problems: string[] = [];

  private readonly busy = new Map<string, number>();

  constructor(
    readonly plans: JobPlan[],
    private readonly concurrency: ConcurrencyLimits,
  ) {
    super({ history: { runsPerJob: 1e6, runsTotal: 1e6, concurrency } });
    for (const [index, plan] of plans.entries()) this.addPlanned(`job-${index}`, plan);
    this.engine.start();
  }

  private addPlanned(id: string, { trigger, policies: options, behaviours: order }: JobPlan): void {
    let calls = 0;
    let concurrent = 0;
    const most = options.overlap === 'allow' ? (options.maxInstances ?? Number.POSITIVE_INFINITY) : 1;
    const spec = this.spec(id, {
      ...options,
      trigger: trigger(),
      handler: (run) => {
        if (run.scheduledAt && run.scheduledAt.getTime() > this.clock.now())
          this.problems.push(`${id} ran early`);
        if (++concurrent > most) this.problems.push(`${id} ran ${concurrent} at once`);
        this.enter(options.group ?? null);
        const behaviour = order[calls++ % order.length];
        if (behaviour.kind === 'returns' || behaviour.kind === 'throws') {
          concurrent--;
          this.leave(options.group ?? null);
          if (behaviour.kind === 'throws') throw new Error('planned');
          return undefined;
        }
        return new Promise((resolve, reject) => {
          this.clock.setTimer(() => {
            concurrent--;
            this.leave(options.group ?? null);
            if (behaviour.kind === 'resolves') resolve(null);
            else reject(new Error('planned'));
          }, behaviour.afterMs);
        });
      },
    });
    void this.engine.putJob(spec, 'error');
    this.reigns.set(id, [this.reign(spec.trigger)]);
  }

  private enter(group: string | null): void {
    for (const name of ['', ...(group === null ? [] : [group])]) {
      const now = (this.busy.get(name) ?? 0) + 1;
      this.busy.set(name, now);
      const most = name === '' ? this.concurrency.whole : (this.concurrency.groups[name] ?? null);
      if (most !== null && now > most) this.problems.push(`${now} ran at once in "${name}"`);
    }
  }

  private leave(group: string | null): void {
    for (const name of ['', ...(group === null ? [] : [group])])
      this.busy.set(name, this.busy.get(name)! - 1);
  }

  private reign(trigger: Trigger): Reign {
    return {
      trigger,
      fromAt: trigger.type === 'date' ? Number.NEGATIVE_INFINITY : this.clock.now(),
      toAt: null,
    };
  }

  async act(action: Action): Promise<void> {
    const id = 'job' in action ? `job-${action.job % this.plans.length}` : '';
    if ('job' in action && !(await this.engine.getJob(id))) return;
    switch (action.kind) {
      case 'advance':
        return this.clock.advance(action.ms);
      case 'suspend':
        return this.clock.suspend(action.ms);
      case 'stepForward':
        return this.clock.stepWall(action.ms);
      case 'pause':
        return void (await this.engine.pauseJob(id, { note: null, by: null, until: null }));
      case 'pauseFor':
        return void (await this.engine.pauseJob(id, {
          note: null,
          by: null,
          until: this.clock.now() + action.ms,
        }));
      case 'resume':
        return void (await this.engine.resumeJob(id));
      case 'runNow':
        return void (await this.engine.runNow(id, undefined));
      case 'remove':
        this.endReign(id);
        return this.engine.removeJob(id);
      case 'edit': {
        const [{ trigger }] = [this.spec(id, { trigger: action.trigger(), handler: 'unused' })];
        this.endReign(id);
        this.reigns.get(id)!.push(this.reign(trigger));
        return void (await this.engine.updateJob(id, { trigger }));
      }
      case 'pauseAll':
        return this.engine.pause();
      case 'resumeAll':
        return this.engine.resume();
    }
  }

  private endReign(id: string): void {
    this.reigns.get(id)!.at(-1)!.toAt = this.clock.now();
  }

  /** The instants that were due, from the triggers alone. */
  expected(id: string, stoppedAt: number): number[] {
    return this.reigns
      .get(id)!
      .flatMap(({ trigger, fromAt, toAt }) => ticksIn(trigger, fromAt, toAt ?? stoppedAt))
      .sort((a, b) => a - b);
  }

  /** The instants that have an outcome; spans are spread out by the trigger that was in force. */
  async recorded(id: string): Promise<number[]> {
    const instants: number[] = [];
    const rows = await this.engine.getRuns({ jobId: id, limit: 1e6 });
    for (const row of rows) {
      if (row.state !== 'ended' || row.outcome === null)
        this.problems.push(`${id} has a run without outcome: ${row.state}`);
      if (row.scheduledAt === null) continue;
      const fromAt = row.scheduledAt.getTime();
      if (row.count === 1) {
        instants.push(fromAt);
        continue;
      }
      const toAt = row.scheduledUntil!.getTime();
      const reign = this.reigns.get(id)!.find((candidate) => {
        const ticks = ticksIn(candidate.trigger, fromAt - 1, toAt);
        return ticks.length === row.count && ticks[0] === fromAt && ticks.at(-1) === toAt;
      });
      if (reign) instants.push(...ticksIn(reign.trigger, fromAt - 1, toAt));
      else this.problems.push(`${id} has a span of ${row.count} that is none of its triggers'`);
    }
    return instants.sort((a, b) => a - b);
  }
}

function ticksIn(trigger: Trigger, fromAt: number, toAt: number): number[] {
  const ticks: number[] = [];
  for (
    let tickAt = trigger.nextAt(fromAt);
    tickAt !== null && tickAt <= toAt;
    tickAt = trigger.nextAt(tickAt)
  )
    ticks.push(tickAt);
  return ticks;
}

it(
  `gives each due time exactly one outcome, in ${WORLDS} random worlds (seed ${SEED})`,
  { timeout: 600_000 },
  async () => {
    await fc.assert(
      fc.asyncProperty(jobs, limits, actions, async (plans, concurrency, steps) => {
        const world = new LedgerWorld(plans, concurrency);
        for (const step of steps) await world.act(step);
        const stopped = world.engine.stop({ drainTimeoutMs: 3_000, abortGraceMs: 500 });
        await world.clock.advance(4_000);
        await stopped;
        const stoppedAt = world.of('scheduler.stopped')[0].at.getTime();
        for (const [index] of plans.entries()) {
          const id = `job-${index}`;
          expect(await world.recorded(id), id).toEqual(world.expected(id, stoppedAt));
        }
        expect(world.problems).toEqual([]);
        expect(world.of('scheduler.faulted')).toEqual([]);
      }),
      { numRuns: WORLDS, seed: SEED },
    );
  },
);
