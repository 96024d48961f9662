import { ApiProperty } from '@nestjs/swagger';

export class TargetReportDto {
  @ApiProperty()
  target!: string;

  @ApiProperty()
  checks!: number;

  @ApiProperty({ description: 'Checks that found the target up, in percent.' })
  upPercent!: number;

  @ApiProperty({ description: 'Mean time of the checks.' })
  meanMs!: number;
}

/** Summary of one day's samples. */
export class ReportDto {
  @ApiProperty({ example: '2027-03-28' })
  day!: string;

  @ApiProperty({ example: 'Europe/Berlin', description: 'The zone that the day is counted in.' })
  timezone!: string;

  @ApiProperty({ type: [TargetReportDto] })
  targets!: TargetReportDto[];
}
