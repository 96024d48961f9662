import { openScheduler } from '../contenders/contender.js';
import { cpuSince } from '../harness/cpu.js';
import { LoopWatch } from '../harness/loop-watch.js';
import type { Case, ContenderName, Measure, Scenario, Target } from '../harness/scenario.js';
import { percentile } from '../harness/statistics.js';
import { nextInstant, sleep, sleepUntil } from '../harness/wait.js';

const MINUTE_MS = 60_000;
/** The figures begin this long before the jobs fall due. */
const LEAD_MS = 100;

interface Input {
  count: number;
  /** Time to register them in, so that they need not wait for the next minute. */
  registerMs: number;
}

const measuresOf = (count: number, targets: Record<'p99' | 'held' | 'cpu', Target[]>): Measure[] => {
  const title = `${count.toLocaleString('en-US')} jobs`;
  return [
    { key: `${count}.p50`, title: `${title}: lateness, p50`, unit: 'ms' },
    { key: `${count}.p99`, title: `${title}: lateness, p99`, unit: 'ms', targets: targets.p99 },
    { key: `${count}.max`, title: `${title}: lateness, max`, unit: 'ms' },
    { key: `${count}.held`, title: `${title}: loop held, longest`, unit: 'ms', targets: targets.held },
    { key: `${count}.cpuUs`, title: `${title}: CPU each`, unit: 'µs', targets: targets.cpu },
  ];
};

export const burst: Scenario<Input> = {
  name: 'burst',
  title: 'Cron jobs due in the same second',
  method:
    'All have one expression, due once a minute. Lateness is the wall clock in the handler minus the scheduled second; "held" is the longest time between two turns of the event loop; ' +
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
    const one = (contender: ContenderName, count: number, registerMs: number): Case<Input> => ({
      contender,
      variant: String(count),
      input: { count, registerMs },
      limitMs: 150_000,
    });
    return [
      ...(['carillon', 'limit', 'cron-schedule'] as const).map((name) => one(name, 10_000, 2_000)),
      // Registering alone takes it ten seconds.
      ...(quick ? [] : [one('@nestjs/schedule', 10_000, 16_000)]),
      ...(['carillon', 'limit', 'cron-schedule'] as const).map((name) => one(name, 100_000, 9_000)),
    ];
  },

  async run({ count, registerMs }, name) {
    const scheduler = await openScheduler(name);
    const secondMs = new Date(Date.now() + registerMs).getUTCSeconds() * 1_000;
    const lateness = new Float64Array(count);
    let dueAt = Infinity;
    let runs = 0;
    let finish: () => void;
    const finished = new Promise<void>((resolve) => (finish = resolve));
    const handler = (): void => {
      const late = Date.now() - dueAt;
      // A minute that passed while registering is not the one that counts.
      if (late < 0) return;
      if (runs < count) lateness[runs] = late;
      if (++runs === count) finish();
    };
    for (let index = 0; index < count; index++) {
      const pending = scheduler.addCron(`job-${index}`, `${secondMs / 1_000} * * * * *`, handler);
      if (pending) await pending;
    }
    globalThis.gc!();
    dueAt = nextInstant(Date.now() + 500, MINUTE_MS, secondMs);

    await sleepUntil(dueAt - LEAD_MS);
    const watch = new LoopWatch();
    const cpu = cpuSince();
    await finished;
    await sleep(LEAD_MS);
    const cpuMs = cpu();
    const held = watch.stop();
    await sleep(300);

    lateness.sort();
    return {
      figures: {
        p50: percentile(lateness, 0.5),
        p99: percentile(lateness, 0.99),
        max: percentile(lateness, 1),
        held,
        cpuUs: (cpuMs * 1_000) / count,
      },
      ...(runs === count
        ? {}
        : { note: `${runs.toLocaleString('en-US')} runs instead of ${count.toLocaleString('en-US')}` }),
    };
  },
};
