import type { Case, Scenario } from '../harness/scenario.js';

type Input = 'steered' | 'monthly';

export const longHorizon: Scenario<Input> = {
  name: 'long-horizon',
  title: 'Longer than a platform timer can wait (24.8 days)',
  method:
    'Three jobs (a date, a cron expression, an interval) fall due 40 days on, under a steered clock that wakes hourly (`maxSleep: 1h`) and stops an hour after. ' +
    'And `@Interval(30 days)`, decorated in both libraries, for 2 s of real time.',
  repeats: 1,
  measures: [
    {
      key: 'steered.wrong',
      title: '40 days on: jobs that did not run exactly once',
      unit: '',
      targets: [{ atMost: 0 }],
    },
    { key: 'steered.latest', title: '40 days on: latest start', unit: 'ms', targets: [{ atMost: 0 }] },
    { key: 'monthly.runs', title: '30-day interval: runs in 2 s', unit: '', targets: [{ atMost: 0 }] },
  ],
  cases: (): Case<Input>[] => [
    { contender: 'carillon', variant: 'steered', input: 'steered', limitMs: 60_000 },
    { contender: 'carillon', variant: 'monthly', input: 'monthly', limitMs: 30_000 },
    { contender: '@nestjs/schedule', variant: 'monthly', input: 'monthly', limitMs: 30_000 },
  ],

  async run(input, name) {
    const { fortyDays, monthlyJobOf } = await import('./long-horizon-jobs.js');
    return input === 'steered' ? fortyDays() : monthlyJobOf(name as 'carillon' | '@nestjs/schedule');
  },
};
