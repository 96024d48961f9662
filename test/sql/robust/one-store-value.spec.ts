import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { describe, expect, it } from 'vitest';
import { at, JobHandler, SchedulerModule, SchedulerService } from '@carillon/scheduler';
import { SqlStore } from '../../../libs/scheduler-sql/src/sql-store.js';
import { eachDatabase } from '../../servers/each-database.js';

const OPTIONS = { leaseMs: 30_000, pollMs: 5_000, retention: { ageMs: null, perJob: null } };

describe.each(eachDatabase)('one store value over %s in two applications of a process', (_, database) => {
  it('is opened for each, and closing one does not end the other', async () => {
    const scratch = await database.scratch();
    const store = new SqlStore({ options: OPTIONS, connect: () => scratch.open() });
    let ran = (): void => undefined;
    const hasRun = new Promise<void>((resolve) => (ran = resolve));
    class Work {
      @JobHandler('work')
      work(): void {
        ran();
      }
    }
    @Module({ imports: [SchedulerModule.forRoot({ store, log: false })], providers: [Work] })
    class App {}
    const start = async () => {
      const app = await NestFactory.createApplicationContext(App, { logger: false });
      return { app, scheduler: app.get(SchedulerService) };
    };
    const [one, two] = await Promise.all([start(), start()]);
    try {
      await one.scheduler.addJob({ id: 'later', trigger: at(new Date('2099-01-01')), handler: 'work' });
      await one.app.close();
      expect((await two.scheduler.getJobs()).map(({ id }) => id)).toEqual(['later']);
      expect(two.scheduler.health().healthy).toBe(true);
      await two.scheduler.runNow('later');
      await hasRun;
      const three = await start();
      expect(await three.scheduler.getJob('later')).not.toBeNull();
      await three.app.close();
    } finally {
      await two.app.close();
      await scratch.drop();
    }
  });
});
