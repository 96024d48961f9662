import { cron } from '../../libs/scheduler/src/timing/index.js';

/** Some ticks of an expression around 2027, or the code of its error: enough to tell two meanings apart. */
function summary(expression: string): unknown {
  try {
    const trigger = cron(expression, { timezone: 'UTC', seed: 'a job' });
    const [from, to] = [Date.UTC(2027, 0, 1), Date.UTC(2029, 0, 1)];
    const ticks = Array.from({ length: 24 }, (_, month) => trigger.nextAt(Date.UTC(2027, month, 27)));
    return { count: trigger.countBetween(from, to), ticks, prev: trigger.prevAt(to) };
  } catch (error) {
    return (error as { code?: string }).code;
  }
}

process.stdout.write(JSON.stringify(process.argv.slice(2).map(summary)));
