import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsInt, IsNotEmpty, IsOptional, IsString, Max, Min } from 'class-validator';

/** The result of one check of one target. */
export class SampleDto {
  @ApiProperty()
  target!: string;

  @ApiProperty({ type: String, format: 'date-time', description: 'The tick that the check was made for.' })
  at!: Date;

  @ApiProperty()
  up!: boolean;

  @ApiProperty({ type: Number, nullable: true, description: 'HTTP status; null when there was no answer.' })
  status!: number | null;

  @ApiProperty()
  durationMs!: number;

  @ApiProperty({ description: 'Which attempt of its run the check was.' })
  attempt!: number;

  @ApiProperty({ type: String, nullable: true })
  error!: string | null;
}

export class SamplesQueryDto {
  @ApiPropertyOptional()
  @IsOptional()
  @IsString()
  @IsNotEmpty()
  target?: string;

  @ApiPropertyOptional({ minimum: 1, maximum: 1_000, default: 100 })
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(1_000)
  limit?: number;
}
