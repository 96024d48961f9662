import { NestFactory } from '@nestjs/core';
import { cron, SchedulerModule, SchedulerService } from '@carillon/scheduler';
import type { Contender } from './contender.js';
import { TickAccount } from './tick-account.js';

export const carillon: Contender = {
  walker(expression, timezone) {
    const trigger = cron(expression, { timezone });
    return (at, steps) => {
      let date = new Date(at);
      for (; steps > 0; steps--) date = trigger.next(date)!;
      return date.getTime();
    };
  },
  async openScheduler() {
    const app = await NestFactory.createApplicationContext(SchedulerModule.forRoot({ log: false }), {
      logger: false,
    });
    const service = app.get(SchedulerService);
    return {
      addCron: (id, expression, handler) =>
        service.addJob({ id, trigger: cron(expression, { timezone: 'UTC' }), handler }),
      remove: (id) => service.removeJob(id),
      close: () => app.close(),
      accountOf: (id) => new TickAccount(service, id),
    };
  },
};

/** What the engine calls: the same without dates. */
export const carillonInside: Pick<Contender, 'walker'> = {
  walker(expression, timezone) {
    const trigger = cron(expression, { timezone });
    return (at, steps) => {
      for (; steps > 0; steps--) at = trigger.nextAt(at)!;
      return at;
    };
  },
};
