import { parseCronExpression } from 'cron-schedule';
import { TimerBasedCronScheduler } from 'cron-schedule/schedulers/timer-based.js';
import type { Contender } from './contender.js';

export const cronSchedule: Contender = {
  walker(expression, timezone) {
    if (timezone !== 'UTC') return null;
    const cron = parseCronExpression(expression);
    return (at, steps) => {
      let date = new Date(at);
      for (; steps > 0; steps--) date = cron.getNextDate(date);
      return date.getTime();
    };
  },
  async openScheduler() {
    const timers = new Map<string, ReturnType<typeof TimerBasedCronScheduler.setInterval>>();
    return {
      addCron: (id, expression, handler) =>
        void timers.set(id, TimerBasedCronScheduler.setInterval(parseCronExpression(expression), handler)),
      remove(id) {
        TimerBasedCronScheduler.clearTimeoutOrInterval(timers.get(id)!);
        timers.delete(id);
      },
      close() {},
    };
  },
};
