import { NestFactory } from '@nestjs/core';
import { ScheduleModule, SchedulerRegistry } from '@nestjs/schedule';
import { CronJob, CronTime } from 'cron';
import type { Contender } from './contender.js';

export const nestSchedule: Contender = {
  /** Its jobs are those of `cron`, and so are their instants. */
  walker(expression, timezone) {
    const time = new CronTime(expression, timezone);
    return (at, steps) => {
      let date = time.getNextDateFrom(new Date(at), timezone);
      // It hands out luxon's dates and takes them back.
      for (; steps > 1; steps--) date = time.getNextDateFrom(date as never, timezone);
      return date.toMillis();
    };
  },
  async openScheduler() {
    const app = await NestFactory.createApplicationContext(ScheduleModule.forRoot(), { logger: false });
    const registry = app.get(SchedulerRegistry);
    return {
      addCron(id, expression, handler) {
        const job = CronJob.from({ cronTime: expression, onTick: handler });
        registry.addCronJob(id, job);
        job.start();
      },
      remove: (id) => registry.deleteCronJob(id),
      close: () => app.close(),
    };
  },
};
