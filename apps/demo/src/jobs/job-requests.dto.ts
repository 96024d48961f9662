import { ApiPropertyOptional } from '@nestjs/swagger';
import { type Outcome, OUTCOMES } from '@carillon/scheduler';
import { Type } from 'class-transformer';
import { IsDate, IsIn, IsInt, IsOptional, IsString, Max, MaxLength, Min } from 'class-validator';

export class PauseJobDto {
  @ApiPropertyOptional({ example: 'the target moves house' })
  @IsOptional()
  @IsString()
  @MaxLength(500)
  note?: string;

  @ApiPropertyOptional({ example: 'ana' })
  @IsOptional()
  @IsString()
  @MaxLength(200)
  by?: string;

  @ApiPropertyOptional({ example: '2027-03-28T09:00:00Z', description: 'The pause ends by itself then.' })
  @IsOptional()
  @Type(() => Date)
  @IsDate({ message: 'until must be an instant in ISO 8601, for example 2027-03-28T09:00:00Z' })
  until?: Date;
}

export class RunJobDto {
  @ApiPropertyOptional({ type: Object, description: "Instead of the job's own payload." })
  @IsOptional()
  payload?: unknown;
}

export class RunsQueryDto {
  @ApiPropertyOptional({ minimum: 1, maximum: 1_000, default: 100 })
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(1_000)
  limit?: number;

  @ApiPropertyOptional({ description: 'The id of the last run of the page before.' })
  @IsOptional()
  @IsString()
  after?: string;

  @ApiPropertyOptional({ enum: OUTCOMES })
  @IsOptional()
  @IsIn(OUTCOMES)
  outcome?: Outcome;
}
