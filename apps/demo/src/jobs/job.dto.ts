import { ApiProperty } from '@nestjs/swagger';
import type { Job, JobState, JsonValue, TriggerJson } from '@carillon/scheduler';

const JOB_STATES: JobState[] = ['active', 'paused', 'disabled', 'finished', 'orphaned', 'parked'];

export class PauseDto {
  @ApiProperty({ type: String, nullable: true })
  note!: string | null;

  @ApiProperty({ type: String, nullable: true })
  by!: string | null;

  @ApiProperty()
  at!: Date;

  @ApiProperty({ type: Date, nullable: true, description: 'When the pause ends by itself.' })
  until!: Date | null;
}

/** A job in the API. */
export class JobDto {
  @ApiProperty({ example: 'check-targets' })
  id!: string;

  @ApiProperty({ example: 'cron "5 0 * * *" in Europe/Berlin' })
  trigger!: string;

  @ApiProperty({ type: Object, description: 'The trigger as data.' })
  triggerJson!: TriggerJson;

  @ApiProperty()
  handler!: string;

  @ApiProperty({ type: Object, nullable: true })
  payload!: JsonValue;

  @ApiProperty({ enum: ['declared', 'added'], description: 'By a decorator, or while the application runs.' })
  origin!: Job['origin'];

  @ApiProperty({ enum: JOB_STATES })
  state!: JobState;

  @ApiProperty({ type: PauseDto, nullable: true })
  pause!: PauseDto | null;

  @ApiProperty({ type: Date, nullable: true })
  nextDueAt!: Date | null;

  @ApiProperty({ type: Date, nullable: true })
  lastTickAt!: Date | null;

  @ApiProperty({ description: 'Runs that ticks have started.' })
  runsStarted!: number;

  @ApiProperty({ description: 'Runs that are at work, or wait for another attempt.' })
  alive!: number;

  static from(job: Job): JobDto {
    const { id, handler, origin, state, pause, nextDueAt, lastTickAt, runsStarted, alive } = job;
    return {
      id,
      trigger: job.trigger.toString(),
      triggerJson: job.trigger.toJSON(),
      handler,
      payload: job.payload ?? null,
      origin,
      state,
      pause,
      nextDueAt,
      lastTickAt,
      runsStarted,
      alive,
    };
  }
}
