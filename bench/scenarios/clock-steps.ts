import { openScheduler } from '../contenders/contender.js';
import { RunLog } from '../harness/run-log.js';
import type { Measure, Scenario } from '../harness/scenario.js';
import { installShiftedDate, stepWallClock } from '../harness/shifted-date.js';
import { sleep, sleepUntil } from '../harness/wait.js';

const MINUTE_MS = 60_000;
const WATCHED_MS = 6_000;

const STEPS = {
  forward: { title: 'an hour forward', stepMs: 60 * MINUTE_MS, dueInMs: 30 * MINUTE_MS },
  back: { title: 'an hour back', stepMs: -60 * MINUTE_MS, dueInMs: null },
  /** A suspended machine: its timers stood still while the wall clock went on. */
  asleep: { title: '35 s asleep', stepMs: 35_000, dueInMs: 20_000 },
} as const;
type Variant = keyof typeof STEPS;

const measuresOf = (variant: Variant): Measure[] => {
  const { title, dueInMs } = STEPS[variant];
  return [
    {
      key: `${variant}.noticedMs`,
      title: `${title}: noticed after`,
      unit: 'ms',
      targets: [{ atMost: 1_000 }],
    },
    ...(dueInMs === null
      ? []
      : [{ key: `${variant}.overdueMs`, title: `${title}: an overdue job ran after`, unit: 'ms' as const }]),
    { key: `${variant}.silentMs`, title: `${title}: an every-second job ran after`, unit: 'ms' },
    {
      key: `${variant}.runs`,
      title: `${title}: its runs in ${WATCHED_MS / 1_000} s`,
      unit: '',
      targets: [{ atMost: WATCHED_MS / 1_000 + 1 }],
    },
    ...(variant === 'back'
      ? []
      : [
          {
            key: `${variant}.lost`,
            title: `${title}: its ticks without outcome`,
            unit: '' as const,
            targets: [{ atMost: 0 }],
          },
        ]),
  ];
};

export const clockSteps: Scenario<Variant> = {
  name: 'clock-steps',
  title: 'A wall clock that is stepped',
  method:
    `The process's \`Date\` is shifted while timers go on; what follows is watched for ${WATCHED_MS / 1_000} s. ` +
    '"Noticed" is our clockStepped event; "ticks without outcome" counts ticks that neither ran nor were recorded as merged. The cases run side by side.',
  repeats: 3,
  sideBySide: true,
  measures: (['forward', 'back', 'asleep'] as const).flatMap(measuresOf),
  cases: () =>
    (['forward', 'back', 'asleep'] as const).flatMap((variant) =>
      (['carillon', 'limit', 'cron-schedule', '@nestjs/schedule'] as const).map((contender) => ({
        contender,
        variant,
        input: variant,
        limitMs: 120_000,
      })),
    ),

  async run(variant, name) {
    installShiftedDate();
    const { stepMs, dueInMs } = STEPS[variant];
    const scheduler = await openScheduler(name);
    const overdue = new RunLog();
    const everySecond = new RunLog();
    const account = scheduler.accountOf?.('every-second');
    if (dueInMs !== null) {
      const due = new Date(Date.now() + dueInMs);
      const expression = `${due.getUTCSeconds()} ${due.getUTCMinutes()} ${due.getUTCHours()} * * *`;
      await scheduler.addCron('overdue', expression, overdue.record);
    }
    await scheduler.addCron('every-second', '* * * * * *', everySecond.record);

    // Some ticks in the ordinary way; then in the middle of a second, where no tick is near.
    await sleepUntil((Math.floor(Date.now() / 1_000) + 3) * 1_000 + 500);
    stepWallClock(stepMs);
    const steppedAt = performance.now();
    await sleep(WATCHED_MS);
    return {
      figures: {
        ...(dueInMs === null ? {} : { overdueMs: overdue.delayAfter(steppedAt) }),
        silentMs: everySecond.delayAfter(steppedAt),
        runs: everySecond.countAfter(steppedAt),
        ...(account ? { noticedMs: account.steppedAt - steppedAt } : {}),
        ...(account && stepMs > 0 ? { lost: account.lost } : {}),
      },
    };
  },
};
