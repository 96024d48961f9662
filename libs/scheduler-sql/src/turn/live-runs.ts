import type { RunTable } from '../schema/tables.js';

/**
 * The live runs of a job, oldest first. Of the runs that wait to catch up, of which there may be
 * thousands, only the first are here: the others are counted.
 */
export class LiveRuns {
  readonly list: RunTable[] = [];
  /** Queued to catch up, behind those that are here. */
  further = 0;
  /** How many of these were made by ticks. */
  furtherTicks = 0;

  /** @param read as it was found @param current as it is under lock */
  add(read: RunTable & { alike: number; alike_ticks: number }, current: RunTable): void {
    if (read.state === 'queued' && read.catch_up === 1) {
      const isFirst = !this.list.some((run) => run.state === 'queued' && run.catch_up === 1);
      if (isFirst) {
        this.further = read.alike;
        this.furtherTicks = read.alike_ticks;
      }
      this.further--;
      if (read.tick_at !== null) this.furtherTicks--;
    }
    if (current.live === 1) this.list.push(current);
  }
}
