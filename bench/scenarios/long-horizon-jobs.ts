import { type DynamicModule, Module, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import * as peer from '@nestjs/schedule';
import { at, cron, every, Interval, SchedulerModule } from '@carillon/scheduler';
import { openSteered } from '../contenders/carillon-steered.js';
import type { Findings } from '../harness/scenario.js';
import { sleep } from '../harness/wait.js';

const DAY_MS = 86_400_000;
const START = Date.UTC(2026, 0, 1);
const AWAY_MS = 40 * DAY_MS;

class OurMonthlyJob {
  runs = 0;
  @Interval(30 * DAY_MS)
  run(): void {
    this.runs++;
  }
}

class PeersMonthlyJob {
  runs = 0;
  @peer.Interval(30 * DAY_MS)
  run(): void {
    this.runs++;
  }
}

export async function fortyDays(): Promise<Findings> {
  const { clock, service } = await openSteered(new Date(START), { maxSleep: '1h' });
  const due = new Date(START + AWAY_MS);
  const triggers = [
    at(due),
    every(AWAY_MS),
    cron(`0 0 ${due.getUTCDate()} ${due.getUTCMonth() + 1} *`, { timezone: 'UTC' }),
  ];
  const starts = triggers.map((): number[] => []);
  for (const [index, trigger] of triggers.entries()) {
    await service.addJob({
      id: `job-${index}`,
      trigger,
      handler: () => void starts[index]!.push(clock.now()),
    });
  }
  await clock.advance(AWAY_MS + 3_600_000);
  return {
    figures: {
      wrong: starts.filter(({ length }) => length !== 1).length,
      latest: Math.max(...starts.flat()) - due.getTime(),
    },
  };
}

export function monthlyJobOf(contender: 'carillon' | '@nestjs/schedule'): Promise<Findings> {
  if (contender === 'carillon') return twoSeconds(OurMonthlyJob, SchedulerModule.forRoot({ log: false }));
  return twoSeconds(PeersMonthlyJob, peer.ScheduleModule.forRoot());
}

async function twoSeconds(job: Type<{ runs: number }>, schedulerModule: DynamicModule): Promise<Findings> {
  class App {}
  Module({ imports: [schedulerModule], providers: [job] })(App);
  const app = await NestFactory.createApplicationContext(App, { logger: false });
  await sleep(2_000);
  return { figures: { runs: app.get(job).runs } };
}
