import { CronExpressionParser } from 'cron-parser';
import type { Contender } from './contender.js';

export const cronParser: Contender = {
  walker(expression, timezone) {
    const iterator = CronExpressionParser.parse(expression, { currentDate: new Date(0), tz: timezone });
    return (at, steps) => {
      iterator.reset(new Date(at));
      for (; steps > 1; steps--) iterator.next();
      return iterator.next().getTime();
    };
  },
  openScheduler: () => null,
};
