import { ApiProperty } from '@nestjs/swagger';
import { type AttemptRecord, type Outcome, OUTCOMES, type Run, type RunState } from '@carillon/scheduler';

const RUN_STATES: RunState[] = ['queued', 'waiting', 'running', 'ended'];
const ATTEMPT_RESULTS: AttemptRecord['result'][] = [
  'succeeded',
  'failed',
  'timedOut',
  'cancelled',
  'abandoned',
];

export class AttemptDto {
  @ApiProperty()
  attempt!: number;

  @ApiProperty({ enum: ATTEMPT_RESULTS })
  result!: AttemptRecord['result'];

  @ApiProperty()
  startedAt!: Date;

  @ApiProperty()
  endedAt!: Date;

  @ApiProperty({ type: String, nullable: true })
  error!: string | null;
}

/** A row of a job's history, without the stacks of errors. */
export class RunDto {
  @ApiProperty()
  id!: string;

  @ApiProperty()
  jobId!: string;

  @ApiProperty({ type: Date, nullable: true, description: 'The tick; null for a run asked for by hand.' })
  scheduledAt!: Date | null;

  @ApiProperty({ type: Date, nullable: true, description: 'The last tick of a row that stands for several.' })
  scheduledUntil!: Date | null;

  @ApiProperty({ description: 'How many ticks the row stands for.' })
  count!: number;

  @ApiProperty({ enum: RUN_STATES })
  state!: RunState;

  @ApiProperty({ enum: OUTCOMES, nullable: true })
  outcome!: Outcome | null;

  @ApiProperty({ type: String, nullable: true, description: 'Why a tick did not run of its own.' })
  reason!: string | null;

  @ApiProperty({ type: [AttemptDto] })
  attempts!: AttemptDto[];

  @ApiProperty({ type: Date, nullable: true })
  startedAt!: Date | null;

  @ApiProperty({ type: Date, nullable: true })
  endedAt!: Date | null;

  @ApiProperty({ type: Number, nullable: true })
  latenessMs!: number | null;

  @ApiProperty({ description: 'Further ticks that were merged into this run.' })
  coalesced!: number;

  @ApiProperty({ type: String, nullable: true })
  error!: string | null;

  static from(run: Run): RunDto {
    const { id, jobId, scheduledAt, scheduledUntil, count, state, outcome, reason } = run;
    const { startedAt, endedAt, latenessMs, coalesced } = run;
    return {
      id,
      jobId,
      scheduledAt,
      scheduledUntil,
      count,
      state,
      outcome,
      reason,
      attempts: run.attempts.map((attempt) => ({ ...attempt, error: attempt.error?.message ?? null })),
      startedAt,
      endedAt,
      latenessMs,
      coalesced,
      error: run.error?.message ?? null,
    };
  }
}
