import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { SchedulerService } from '@carillon/scheduler';

/** Prints what went well. What went wrong, and the shutdown, are in the library's own lines. */
@Injectable()
export class ActivityLog implements OnModuleInit {
  private readonly logger = new Logger('Activity');

  constructor(private readonly scheduler: SchedulerService) {}

  onModuleInit(): void {
    this.scheduler.on('run.succeeded').subscribe(({ jobId, result, attempt }) => {
      const again = attempt > 1 ? ` (attempt ${attempt})` : '';
      this.logger.log(`${jobId}: ${String(result)}${again}`);
    });
  }
}
