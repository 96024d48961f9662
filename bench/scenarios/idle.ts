import { openScheduler } from '../contenders/contender.js';
import { cpuSince } from '../harness/cpu.js';
import type { Scenario } from '../harness/scenario.js';
import { grouped } from '../harness/statistics.js';
import { sleep } from '../harness/wait.js';
import { repeatedExpression } from './expressions.js';

const JOBS = 100_000;

export const idle: Scenario<{ forMs: number }> = {
  name: 'idle',
  title: `Idle with ${grouped(JOBS)} daily jobs`,
  method:
    "Nothing falls due. CPU is the process's over 60 s (--quick: 10 s), the contenders side by side, 3 s after registering and a forced collection.",
  repeats: 1,
  sideBySide: true,
  measures: [{ key: 'daily.cpuMsPerS', title: 'CPU a second', unit: 'ms' }],
  cases: ({ quick }) =>
    (['carillon', 'limit', 'cron-schedule'] as const).map((contender) => ({
      contender,
      variant: 'daily',
      input: { forMs: quick ? 10_000 : 60_000 },
      limitMs: 120_000,
    })),

  async run({ forMs }, name) {
    const scheduler = await openScheduler(name);
    for (let index = 0; index < JOBS; index++) {
      const pending = scheduler.addCron(`job-${index}`, repeatedExpression(index), () => {});
      if (pending) await pending;
    }
    globalThis.gc!();
    await sleep(3_000);
    const cpu = cpuSince();
    await sleep(forMs);
    return { figures: { cpuMsPerS: (cpu() / forMs) * 1_000 } };
  },
};
