import { openScheduler } from '../contenders/contender.js';
import { cpuSince } from '../harness/cpu.js';
import type { Scenario } from '../harness/scenario.js';
import { grouped } from '../harness/statistics.js';
import { nextInstant, sleepUntil } from '../harness/wait.js';

const JOBS = 100_000;
const CONTENDERS = ['carillon', 'limit', 'cron-schedule'] as const;

interface Input {
  /** When the window that counts begins; UTC ms. */
  beginAt: number;
  periodMs: number;
  periods: number;
  /** How far into the period its jobs fall due, whole seconds. */
  offsetMs: number;
}

export const everyMinute: Scenario<Input> = {
  name: 'every-minute',
  title: `${grouped(JOBS)} every-minute jobs, 120 s`,
  method:
    "The window covers two ticks of each job. Every call is counted by job and minute. CPU is the process's from the start of the window to its end. " +
    'The contenders run side by side and fall due at three different seconds of the minute, a third of it apart, so that they do not meet. `--quick` has a period of 15 s and a window of 30 s.',
  repeats: 2,
  sideBySide: true,
  measures: [
    { key: 'jobs.missed', title: 'missed', unit: '', targets: [{ atMost: 0 }] },
    { key: 'jobs.doubled', title: 'doubled', unit: '', targets: [{ atMost: 0 }] },
    { key: 'jobs.cpuS', title: 'CPU', unit: 's', targets: [{ atMost: 2 }] },
  ],
  cases({ quick }) {
    const periodMs = quick ? 15_000 : 60_000;
    const share = periodMs / CONTENDERS.length;
    // All have registered by then, and no tick lies within two seconds of either end of the window.
    const beginAt = nextInstant(Date.now() + (quick ? 12_000 : 20_000), share, 0);
    return CONTENDERS.map((contender, index) => ({
      contender,
      variant: 'jobs',
      input: { beginAt, periodMs, periods: 2, offsetMs: index * share + 2_000 },
      limitMs: 240_000,
    }));
  },

  async run({ beginAt, periodMs, periods, offsetMs }, name) {
    const scheduler = await openScheduler(name);
    const firstDueAt = nextInstant(beginAt, periodMs, offsetMs);
    const calls = new Uint8Array(JOBS * periods);
    const call = (job: number): void => {
      const period = Math.floor((Date.now() - firstDueAt) / periodMs);
      if (period >= 0 && period < periods) calls[job * periods + period]!++;
    };
    const seconds: number[] = [];
    for (let second = (offsetMs % periodMs) / 1_000; second < 60; second += periodMs / 1_000)
      seconds.push(second);
    for (let job = 0; job < JOBS; job++) {
      const pending = scheduler.addCron(`job-${job}`, `${seconds.join(',')} * * * * *`, () => call(job));
      if (pending) await pending;
    }
    globalThis.gc!();
    if (Date.now() > beginAt)
      throw new Error(`Registering ended ${Date.now() - beginAt} ms after the window began.`);

    await sleepUntil(beginAt);
    const cpu = cpuSince();
    await sleepUntil(beginAt + periodMs * periods);
    const cpuS = cpu() / 1_000;
    return {
      figures: {
        missed: calls.reduce((sum, count) => sum + (count === 0 ? 1 : 0), 0),
        doubled: calls.reduce((sum, count) => sum + Math.max(0, count - 1), 0),
        cpuS,
      },
    };
  },
};
