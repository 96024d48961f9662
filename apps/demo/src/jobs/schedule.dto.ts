import { ApiProperty } from '@nestjs/swagger';
import { defineHandler } from '@carillon/scheduler';
import { IsInt, IsNotEmpty, IsString, Max, MaxLength, Min } from 'class-validator';

const YEAR_SECONDS = 31_536_000;

export class ScheduleDto {
  @ApiProperty({ example: 'ping', description: "The job's id." })
  @IsString()
  @IsNotEmpty()
  @MaxLength(200)
  task_name!: string;

  @ApiProperty({ example: 30, minimum: 1, maximum: YEAR_SECONDS, description: 'Seconds.' })
  @IsInt()
  @Min(1)
  @Max(YEAR_SECONDS)
  interval!: number;
}

export class TaskDto {
  @IsString()
  @IsNotEmpty()
  name!: string;
}

export const runTask = defineHandler('run-task', TaskDto);
