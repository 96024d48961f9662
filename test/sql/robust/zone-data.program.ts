import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Cron, SchedulerModule, SchedulerService } from '@carillon/scheduler';
import { sqliteStore } from '@carillon/sql';

/** `nine`: the hour in UTC of nine o'clock in Berlin, as it is stored. */
export interface Report {
  kind: 'started' | 'older' | 'nine';
  value: string | number;
}

const [file, zoneinfo] = process.argv.slice(2) as [string, string];
const report = (kind: Report['kind'], value: Report['value']) => void process.send?.({ kind, value });

class Reports {
  @Cron('0 9 * * *', { id: 'report', timezone: 'Europe/Berlin' })
  report(): void {}
}

@Module({
  imports: [
    SchedulerModule.forRoot({
      zoneinfo,
      store: sqliteStore(file, { lease: '5s', poll: '500ms' }),
      log: false,
    }),
  ],
  providers: [Reports],
})
class ReplicaModule {}

const app = await NestFactory.create(ReplicaModule, { logger: false });
const scheduler = app.get(SchedulerService);
scheduler.on('scheduler.started').subscribe(({ timezoneData }) => report('started', timezoneData));
scheduler
  .on('scheduler.zoneDataOlder')
  .subscribe(({ timezoneData, newerTimezoneData }) =>
    report('older', `${timezoneData} < ${newerTimezoneData}`),
  );
await app.init();
process.on('message', () => {
  void scheduler.getJob('report').then((job) => report('nine', job!.nextDueAt!.getUTCHours()));
});
// The test is gone.
process.on('disconnect', () => process.exit(1));
