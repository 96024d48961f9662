import { Module } from '@nestjs/common';
import { SchedulerModule } from '@carillon/scheduler';
import { ActivityLog } from './activity-log.js';
import { ChecksModule } from './checks/checks.module.js';
import { JobsModule } from './jobs/jobs.module.js';
import { RemindersModule } from './reminders/reminders.module.js';
import { ReportsModule } from './reports/reports.module.js';
import { SamplesModule } from './samples/samples.module.js';
import { Settings, SettingsModule } from './settings.js';
import { TargetsModule } from './targets/targets.module.js';

@Module({
  imports: [
    SettingsModule,
    // #region readme
    SchedulerModule.forRootAsync({
      inject: [Settings],
      useFactory: ({ timezone, store }: Settings) => ({ timezone, store, drainTimeout: '10s' }),
    }),
    // #endregion
    TargetsModule,
    SamplesModule,
    ChecksModule,
    ReportsModule,
    RemindersModule,
    JobsModule,
  ],
  providers: [ActivityLog],
})
export class AppModule {}
