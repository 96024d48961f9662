import { Cron } from 'croner';
import type { Contender } from './contender.js';

export const croner: Contender = {
  walker(expression, timezone) {
    const cron = new Cron(expression, { timezone });
    return (at, steps) => {
      let date = new Date(at);
      for (; steps > 0; steps--) date = cron.nextRun(date)!;
      return date.getTime();
    };
  },
  async openScheduler() {
    const crons = new Map<string, Cron>();
    return {
      addCron: (id, expression, handler) => void crons.set(id, new Cron(expression, handler)),
      remove(id) {
        crons.get(id)!.stop();
        crons.delete(id);
      },
      close() {},
    };
  },
};
