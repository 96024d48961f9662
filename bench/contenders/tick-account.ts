import type { SchedulerService } from '@carillon/scheduler';

/** What becomes of an every-second job's ticks, and when the scheduler said that the clock was stepped. */
export class TickAccount {
  /** `performance.now()` of the event; Infinity until then. */
  steppedAt = Infinity;
  private first = Infinity;
  private last = -Infinity;
  private accounted = 0;

  constructor(service: SchedulerService, jobId: string) {
    service.events$.subscribe((event) => {
      if (event.type === 'scheduler.clockStepped')
        this.steppedAt = Math.min(this.steppedAt, performance.now());
      if (!('jobId' in event) || event.jobId !== jobId) return;
      if (event.type === 'run.started') this.note(event.scheduledAt!, event.scheduledAt!, 1);
      else if ('scheduledUntil' in event) this.note(event.scheduledAt!, event.scheduledUntil!, event.count);
    });
  }

  /** Ticks between the first and the last that ended in no outcome; negative when some ended in two. */
  get lost(): number {
    return (this.last - this.first) / 1_000 + 1 - this.accounted;
  }

  private note(from: Date, until: Date, count: number): void {
    this.first = Math.min(this.first, from.getTime());
    this.last = Math.max(this.last, until.getTime());
    this.accounted += count;
  }
}
