import { stat } from 'node:fs/promises';
import { Injectable, Module } from '@nestjs/common';
import { Cron, type RunContext, SchedulerModule } from '@carillon/scheduler';

@Injectable()
export class Nightly {
  @Cron('30 2 * * *', { id: 'nightly', timezone: 'Europe/Berlin', retry: { attempts: 2, delay: '5m' } })
  async run({ scheduledAt, attempt }: RunContext): Promise<string> {
    await stat('.');
    if (scheduledAt?.getUTCDate() === 15 && attempt === 1) throw new Error('The disk is full.');
    return `run ${attempt}`;
  }
}

@Module({ imports: [SchedulerModule.forRoot({ log: false })], providers: [Nightly] })
export class NightlyModule {}
