import { Injectable } from '@nestjs/common';
import { Cron, type RunContext } from '@carillon/scheduler';
import type { SampleDto } from '../samples/sample.dto.js';
import { SamplesRepository } from '../samples/samples.repository.js';
import { Settings } from '../settings.js';
import type { ReportDto, TargetReportDto } from './report.dto.js';

/** Leads from 00:05 into the day before, on days with a DST change too. */
const INTO_YESTERDAY_MS = 6 * 3_600_000;

@Injectable()
export class ReportsService {
  latest: ReportDto | null = null;
  private readonly days: Intl.DateTimeFormat;

  constructor(
    private readonly samples: SamplesRepository,
    private readonly settings: Settings,
  ) {
    // Sweden writes dates in ISO 8601.
    this.days = new Intl.DateTimeFormat('sv-SE', { timeZone: settings.timezone });
  }

  /** Reports the day that has just ended; a run by hand reports the day so far. */
  @Cron('5 0 * * *', { id: 'daily-report' })
  buildDaily(run: RunContext): string {
    const within =
      run.scheduledAt === null ? new Date() : new Date(run.scheduledAt.getTime() - INTO_YESTERDAY_MS);
    this.latest = this.report(this.days.format(within));
    return `report of ${this.latest.day} in ${this.latest.timezone}: ${this.latest.targets.length} targets`;
  }

  private report(day: string): ReportDto {
    const ofDay = this.samples.all().filter((sample) => this.days.format(sample.at) === day);
    const names = [...new Set(ofDay.map((sample) => sample.target))];
    const targets = names.map((name) =>
      summary(
        name,
        ofDay.filter((sample) => sample.target === name),
      ),
    );
    return { day, timezone: this.settings.timezone, targets };
  }
}

function summary(target: string, samples: SampleDto[]): TargetReportDto {
  const up = samples.filter((sample) => sample.up).length;
  const totalMs = samples.reduce((sum, sample) => sum + sample.durationMs, 0);
  return {
    target,
    checks: samples.length,
    upPercent: Math.round((up / samples.length) * 10_000) / 100,
    meanMs: Math.round(totalMs / samples.length),
  };
}
