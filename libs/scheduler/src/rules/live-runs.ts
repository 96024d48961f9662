import type { RunRecord } from './records.js';

/**
 * The live runs of a job, oldest first. A store may load only the first of those that are queued to catch up,
 * of which there can be thousands, and count the others.
 */
export class LiveRuns<Run extends RunRecord = RunRecord> {
  readonly list: Run[] = [];
  /** Runs queued to catch up behind those in `list`. */
  further = 0;
  /** How many of these were made by ticks. */
  furtherTicks = 0;

  /** Runs that have not ended, or hold a slot; those queued among them. */
  get alive(): number {
    return this.list.length + this.further;
  }

  /** Runs that are running or waiting: those that are not queued behind them. */
  get active(): number {
    const { list } = this;
    let active = 0;
    for (let i = 0; i < list.length; i++) if (list[i]!.state !== 'queued') active++;
    return active;
  }

  /** A run that catches up is running or waiting; the next one goes behind it. */
  get isCatchingUp(): boolean {
    const { list } = this;
    for (let i = 0; i < list.length; i++) if (list[i]!.catchesUp && list[i]!.state !== 'queued') return true;
    return false;
  }

  /** Runs made by ticks that have not begun. */
  get unstartedTicks(): number {
    let unstarted = this.furtherTicks;
    for (const run of this.list)
      if (run.scheduledAt !== null && run.attempt === 0 && run.state !== 'ended') unstarted++;
    return unstarted;
  }

  get hasQueued(): boolean {
    return this.further > 0 || this.list.some(({ state }) => state === 'queued');
  }

  remove(run: Run): void {
    const { list } = this;
    // The usual case, which allocates nothing.
    if (list.length === 1 && list[0] === run) {
      list.pop();
      return;
    }
    const index = list.indexOf(run);
    if (index >= 0) list.splice(index, 1);
  }
}
