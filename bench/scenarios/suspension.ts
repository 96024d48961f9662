import { spawn } from 'node:child_process';
import { openScheduler } from '../contenders/contender.js';
import { RunLog } from '../harness/run-log.js';
import type { Scenario } from '../harness/scenario.js';
import { sleep } from '../harness/wait.js';

const WATCHED_MS = 5_000;

export const suspension: Scenario<{ forS: number }> = {
  name: 'suspension',
  title: 'A process that is stopped for 35 s',
  method:
    'SIGSTOP and, 35 s later (--quick: 5 s), SIGCONT. Meanwhile a daily job and many ticks of an every-second job fall due; what follows is watched for 5 s. The contenders run side by side.',
  repeats: 1,
  sideBySide: true,
  measures: [
    {
      key: 'stopped.overdueMs',
      title: 'the overdue job ran after',
      unit: 'ms',
      targets: [{ atMost: 1_000 }],
    },
    {
      key: 'stopped.runs',
      title: `runs of the every-second job in ${WATCHED_MS / 1_000} s`,
      unit: '',
      targets: [{ atMost: WATCHED_MS / 1_000 + 2 }],
    },
    { key: 'stopped.lost', title: 'its ticks without outcome', unit: '', targets: [{ atMost: 0 }] },
  ],
  cases: ({ quick }) =>
    (['carillon', 'limit', 'cron-schedule', '@nestjs/schedule'] as const).map((contender) => ({
      contender,
      variant: 'stopped',
      input: { forS: quick ? 5 : 35 },
      limitMs: 90_000,
    })),

  async run({ forS }, name) {
    const scheduler = await openScheduler(name);
    const overdue = new RunLog();
    const everySecond = new RunLog();
    const account = scheduler.accountOf?.('every-second');
    const due = new Date(Date.now() + (2 + forS / 2) * 1_000);
    await scheduler.addCron(
      'overdue',
      `${due.getUTCSeconds()} ${due.getUTCMinutes()} ${due.getUTCHours()} * * *`,
      overdue.record,
    );
    await scheduler.addCron('every-second', '* * * * * *', everySecond.record);
    await sleep(2_000);

    const resumedAt = await stopProcess(forS);
    await sleep(WATCHED_MS - (performance.now() - resumedAt));
    return {
      figures: {
        overdueMs: overdue.delayAfter(resumedAt),
        runs: everySecond.countAfter(resumedAt),
        ...(account ? { lost: account.lost } : {}),
      },
    };
  },
};

/** Stops this process. Answers when it was let go on, in `performance.now()`. */
async function stopProcess(forS: number): Promise<number> {
  const { pid } = process;
  const shell = spawn('sh', ['-c', `kill -STOP ${pid}; sleep ${forS}; date +%s%3N; kill -CONT ${pid}`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let printed = '';
  for await (const chunk of shell.stdout) printed += String(chunk);
  return Number(printed) - performance.timeOrigin;
}
