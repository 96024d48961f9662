import { CronBits } from '../limit/cron-bits.js';
import { LimitScheduler } from '../limit/limit-scheduler.js';
import type { Contender } from './contender.js';

export const limit: Contender = {
  walker(expression, timezone) {
    const cron = CronBits.of(expression, timezone);
    return (at, steps) => {
      for (; steps > 0; steps--) at = cron.nextAt(at);
      return at;
    };
  },
  async openScheduler() {
    const scheduler = new LimitScheduler();
    return {
      addCron: (id, expression, handler) => scheduler.add(id, CronBits.of(expression, 'UTC'), handler),
      remove: (id) => scheduler.remove(id),
      close: () => scheduler.stop(),
    };
  },
};
