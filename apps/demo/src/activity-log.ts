import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { SchedulerService } from '@carillon/scheduler';

/** Logs succeeded runs. The library's own lines cover failures and the shutdown. */
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
