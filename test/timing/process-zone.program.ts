import { cron } from '../../libs/scheduler/src/timing/index.js';

/** The next three o'clock in the zone of the process, or the error's code and message. */
function nextAtThree(): string {
  try {
    return cron('0 3 * * *').next(new Date('2027-01-15T00:00:00Z'))!.toISOString();
  } catch (error) {
    return `${(error as { code?: string }).code}: ${(error as Error).message}`;
  }
}

process.stdout.write(nextAtThree());
