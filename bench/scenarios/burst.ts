import { openScheduler } from '../contenders/contender.js';
import { cpuSince } from '../harness/cpu.js';
import { LoopWatch } from '../harness/loop-watch.js';
import type { Case, ContenderName, Figures, Measure, Scenario, Target } from '../harness/scenario.js';
import { grouped, percentile } from '../harness/statistics.js';
import { nextInstant, sleep, sleepUntil } from '../harness/wait.js';

const MINUTE_MS = 60_000;
/** The figures begin this long before the jobs fall due. */
const LEAD_MS = 100;
/** From the first burst to the second, which finds its code compiled. */
const AGAIN_MS = 4_000;

interface Input {
  count: number;
  /** Time to register them in, so that they need not wait for the next minute. */
  registerMs: number;
  bursts: 1 | 2;
}

const measuresOf = (count: number, targets: Record<'p99' | 'held' | 'cpu', Target[]>): Measure[] => {
  const title = `${grouped(count)} jobs`;
  return [
    { key: `${count}.p50`, title: `${title}: lateness, p50`, unit: 'ms' },
    { key: `${count}.p99`, title: `${title}: lateness, p99`, unit: 'ms', targets: targets.p99 },
    { key: `${count}.max`, title: `${title}: lateness, max`, unit: 'ms' },
    { key: `${count}.held`, title: `${title}: loop held, longest`, unit: 'ms', targets: targets.held },
    { key: `${count}.cpuUs`, title: `${title}: CPU each`, unit: 'µs', targets: targets.cpu },
    { key: `${count}.againP99`, title: `${title}, again: lateness, p99`, unit: 'ms' },
    { key: `${count}.againHeld`, title: `${title}, again: loop held, longest`, unit: 'ms' },
    { key: `${count}.againCpuUs`, title: `${title}, again: CPU each`, unit: 'µs' },
  ];
};

export const burst: Scenario<Input> = {
  name: 'burst',
  title: 'Cron jobs due in the same second',
  method:
    `All have one expression. The jobs are new and no code is warm, as after a start; "again" is their next tick, ${AGAIN_MS / 1_000} s later. Lateness is the wall clock in the handler minus the scheduled second; "held" is the longest time between two turns of the event loop; ` +
    `CPU is the process's (all threads) from ${LEAD_MS} ms before the second until ${LEAD_MS} ms after the last handler, shared among the jobs. Garbage of registering is collected before.`,
  repeats: 3,
  measures: [
    ...measuresOf(10_000, {
      p99: [{ atMost: 60 }, { timesBetterThan: '@nestjs/schedule', atLeast: 200 }],
      held: [{ atMost: 25 }],
      cpu: [{ atMost: 6 }],
    }),
    ...measuresOf(100_000, { p99: [{ atMost: 300 }], held: [{ atMost: 40 }], cpu: [] }),
  ],
  cases({ quick }) {
    const one = (
      contender: ContenderName,
      count: number,
      registerMs: number,
      bursts: 1 | 2,
    ): Case<Input> => ({
      contender,
      variant: String(count),
      input: { count, registerMs, bursts },
      limitMs: 150_000,
    });
    const fast = ['carillon', 'limit', 'cron-schedule'] as const;
    if (quick) {
      return [
        ...fast.map((name) => one(name, 10_000, 2_000, 1)),
        ...fast.slice(0, 2).map((name) => one(name, 100_000, 5_000, 1)),
      ];
    }
    return [
      ...fast.map((name) => one(name, 10_000, 2_000, 2)),
      // Registering alone takes it ten seconds, and so does the burst.
      one('@nestjs/schedule', 10_000, 16_000, 1),
      ...fast.map((name) => one(name, 100_000, 9_000, 2)),
    ];
  },

  async run({ count, registerMs, bursts }, name) {
    const scheduler = await openScheduler(name);
    const secondMs = new Date(Date.now() + registerMs).getUTCSeconds() * 1_000;
    const seconds = [secondMs, (secondMs + AGAIN_MS) % MINUTE_MS].slice(0, bursts).map((ms) => ms / 1_000);
    const witness = new BurstWitness(count);
    for (let index = 0; index < count; index++) {
      const pending = scheduler.addCron(`job-${index}`, `${seconds.join(',')} * * * * *`, witness.handler);
      if (pending) await pending;
    }
    globalThis.gc!();
    const dueAt = nextInstant(Date.now() + 500, MINUTE_MS, secondMs);
    const first = await witness.watch(dueAt);
    const figures: Figures = {
      p50: first.p50,
      p99: first.p99,
      max: first.max,
      held: first.held,
      cpuUs: first.cpuUs,
    };
    if (bursts === 2) {
      const again = await witness.watch(dueAt + AGAIN_MS);
      Object.assign(figures, { againP99: again.p99, againHeld: again.held, againCpuUs: again.cpuUs });
    }
    if (name !== '@nestjs/schedule') return { figures };
    return { figures, gaveUp: true, note: 'one repetition and one burst only: it takes half a minute' };
  },
};

/** The handler of all jobs, and what it sees of a burst. */
class BurstWitness {
  private readonly lateness: Float64Array;
  /** No burst is watched: a tick that came while registering does not count. */
  private dueAt = Infinity;
  private runs = 0;
  private finish = (): void => {};

  constructor(private readonly count: number) {
    this.lateness = new Float64Array(count);
  }

  readonly handler = (): void => {
    const late = Date.now() - this.dueAt;
    if (late < 0) return;
    if (this.runs < this.count) this.lateness[this.runs] = late;
    if (++this.runs === this.count) this.finish();
  };

  async watch(dueAt: number) {
    this.runs = 0;
    const finished = new Promise<void>((resolve) => (this.finish = resolve));
    this.dueAt = dueAt;
    await sleepUntil(dueAt - LEAD_MS);
    const loop = new LoopWatch();
    const cpu = cpuSince();
    await finished;
    await sleep(LEAD_MS);
    const cpuUs = (cpu() * 1_000) / this.count;
    const held = loop.stop();
    await sleep(300);
    this.dueAt = Infinity;
    if (this.runs !== this.count) throw new Error(`${this.runs} runs of ${this.count} jobs`);
    const sorted = this.lateness.toSorted();
    return {
      p50: percentile(sorted, 0.5),
      p99: percentile(sorted, 0.99),
      max: percentile(sorted, 1),
      held,
      cpuUs,
    };
  }
}
