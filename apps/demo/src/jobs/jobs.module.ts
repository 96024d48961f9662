import { Module } from '@nestjs/common';
import { JobsController } from './jobs.controller.js';
import { ScheduleController } from './schedule.controller.js';

@Module({
  controllers: [JobsController, ScheduleController],
})
export class JobsModule {}
