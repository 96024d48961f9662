import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import {
  ApiAcceptedResponse,
  ApiBadRequestResponse,
  ApiConflictResponse,
  ApiNoContentResponse,
  ApiNotFoundResponse,
  ApiOkResponse,
  ApiTags,
} from '@nestjs/swagger';
import { JobNotFoundError, SchedulerService } from '@carillon/scheduler';
import { PauseJobDto, RunJobDto, RunsQueryDto } from './job-requests.dto.js';
import { JobDto } from './job.dto.js';
import { RunDto } from './run.dto.js';

/** The scheduler's errors carry their HTTP status, so this controller maps none. */
@ApiTags('jobs')
@ApiBadRequestResponse({ description: 'The message names the field.' })
@Controller('jobs')
export class JobsController {
  constructor(private readonly scheduler: SchedulerService) {}

  @Get()
  @ApiOkResponse({ type: [JobDto] })
  async list(): Promise<JobDto[]> {
    const jobs = await this.scheduler.getJobs();
    return jobs.map((job) => JobDto.from(job));
  }

  @Get(':id')
  @ApiOkResponse({ type: JobDto })
  @ApiNotFoundResponse()
  async get(@Param('id') id: string): Promise<JobDto> {
    const job = await this.scheduler.getJob(id);
    if (job === null) throw new JobNotFoundError(id);
    return JobDto.from(job);
  }

  /** Newest first. The next page: `after` with the id of the last row. */
  @Get(':id/runs')
  @ApiOkResponse({ type: [RunDto] })
  @ApiNotFoundResponse()
  async runs(@Param('id') id: string, @Query() { limit, after, outcome }: RunsQueryDto): Promise<RunDto[]> {
    await this.get(id);
    const runs = await this.scheduler.getRuns({ jobId: id, limit, after, outcome });
    return runs.map((run) => RunDto.from(run));
  }

  /** Does not wait for the run, which appears among the job's runs. */
  @Post(':id/run')
  @HttpCode(202)
  @ApiAcceptedResponse({ type: RunDto })
  @ApiNotFoundResponse()
  async run(@Param('id') id: string, @Body() body: RunJobDto): Promise<RunDto> {
    return RunDto.from(await this.scheduler.runNow(id, body));
  }

  @Post(':id/pause')
  @HttpCode(200)
  @ApiOkResponse({ type: JobDto })
  @ApiNotFoundResponse()
  async pause(@Param('id') id: string, @Body() body: PauseJobDto): Promise<JobDto> {
    return JobDto.from(await this.scheduler.pauseJob(id, body));
  }

  @Post(':id/resume')
  @HttpCode(200)
  @ApiOkResponse({ type: JobDto })
  @ApiNotFoundResponse()
  async resume(@Param('id') id: string): Promise<JobDto> {
    return JobDto.from(await this.scheduler.resumeJob(id));
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiNoContentResponse()
  @ApiNotFoundResponse()
  @ApiConflictResponse({ description: 'The job is declared by a decorator: pause it instead.' })
  async remove(@Param('id') id: string): Promise<void> {
    await this.scheduler.removeJob(id);
  }
}
