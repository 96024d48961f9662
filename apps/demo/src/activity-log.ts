import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { SchedulerService } from '@carillon/scheduler';

/** Prints what went well; what went wrong is in the library's own log lines. */
@Injectable()
export class ActivityLog implements OnModuleInit {
  private readonly logger = new Logger('Activity');

  constructor(private readonly scheduler: SchedulerService) {}

  onModuleInit(): void {
    this.scheduler.on('run.succeeded').subscribe(({ jobId, result, attempt }) => {
      const again = attempt > 1 ? ` (attempt ${attempt})` : '';
      this.logger.log(`${jobId}: ${String(result)}${again}`);
    });
    this.scheduler.on('scheduler.draining').subscribe(({ running }) => {
      this.logger.log(`Draining: ${running} at work may end first.`);
    });
    this.scheduler.on('scheduler.stopped').subscribe(({ abandoned }) => {
      this.logger.log(
        `Drained: ${abandoned === 0 ? 'every run has ended' : `${abandoned} had to be abandoned`}. Bye.`,
      );
    });
  }
}
