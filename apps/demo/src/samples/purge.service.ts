import { Injectable } from '@nestjs/common';
import { Cron, CronExpression, type RunContext } from '@carillon/scheduler';
import { SamplesRepository } from './samples.repository.js';

/** Two days: yesterday's report needs all of its samples. */
const KEPT_MS = 2 * 24 * 3_600_000;

@Injectable()
export class PurgeService {
  constructor(private readonly samples: SamplesRepository) {}

  @Cron(CronExpression.EVERY_HOUR, { id: 'purge-samples' })
  purge(run: RunContext): string {
    const now = run.scheduledAt ?? new Date();
    const purged = this.samples.purgeBefore(new Date(now.getTime() - KEPT_MS));
    return `${purged} samples purged`;
  }
}
