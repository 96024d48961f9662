import { Controller, Get, ServiceUnavailableException } from '@nestjs/common';
import { ApiOkResponse, ApiProperty, ApiServiceUnavailableResponse, ApiTags } from '@nestjs/swagger';
import { type SchedulerHealth, SchedulerService } from '@carillon/scheduler';

class SchedulerHealthDto implements SchedulerHealth {
  @ApiProperty({ description: 'It is running, and its store answers.' })
  healthy!: boolean;

  @ApiProperty({ enum: ['starting', 'running', 'stopping'] })
  phase!: SchedulerHealth['phase'];

  @ApiProperty()
  paused!: boolean;

  @ApiProperty({ type: Date, nullable: true, description: 'Since when the store does not answer.' })
  storeDownSince!: Date | null;
}

export class HealthDto {
  @ApiProperty({ enum: ['ok', 'down'] })
  status!: 'ok' | 'down';

  @ApiProperty({ description: 'Seconds since the process started.' })
  uptime!: number;

  @ApiProperty({ type: SchedulerHealthDto })
  scheduler!: SchedulerHealth;
}

@ApiTags('targets')
@Controller('health')
export class HealthController {
  constructor(private readonly scheduler: SchedulerService) {}

  @Get()
  @ApiOkResponse({ type: HealthDto })
  @ApiServiceUnavailableResponse({ type: HealthDto, description: 'The store does not answer, for example.' })
  health(): HealthDto {
    const scheduler = this.scheduler.health();
    const status = scheduler.healthy ? 'ok' : 'down';
    const health: HealthDto = { status, uptime: Math.round(process.uptime()), scheduler };
    if (!scheduler.healthy) throw new ServiceUnavailableException(health);
    return health;
  }
}
