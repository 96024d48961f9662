import { Body, Controller, Post } from '@nestjs/common';
import { ApiBadRequestResponse, ApiConflictResponse, ApiCreatedResponse, ApiTags } from '@nestjs/swagger';
import { every, JobHandler, type RunContext, SchedulerService } from '@carillon/scheduler';
import { JobDto } from './job.dto.js';
import { runTask, ScheduleDto, type TaskDto } from './schedule.dto.js';

@ApiTags('jobs')
// #region schedule
@Controller('schedule')
export class ScheduleController {
  constructor(private readonly scheduler: SchedulerService) {}

  /** Adds a job that runs every `interval` seconds. */
  @Post()
  @ApiCreatedResponse({ type: JobDto })
  @ApiBadRequestResponse({ description: 'The message names the field.' })
  @ApiConflictResponse({ description: 'A job has this name.' })
  async schedule(@Body() { task_name: name, interval }: ScheduleDto): Promise<JobDto> {
    const trigger = every({ seconds: interval });
    return JobDto.from(
      await this.scheduler.addJob({ id: name, trigger, handler: runTask, payload: { name } }),
    );
  }

  @JobHandler(runTask)
  runTask(run: RunContext<TaskDto>): string {
    return `${run.payload.name} done`;
  }
}
// #endregion
