import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { describe, expect, it, vi } from 'vitest';
import { Cron, SchedulerModule } from '@carillon/scheduler';
import { rejection, startApp } from './testing-app.js';

/** Another copy of the package, as two versions in one node_modules are. */
async function otherCopy(): Promise<typeof import('@carillon/scheduler')> {
  vi.resetModules();
  const copy = await import('@carillon/scheduler');
  expect(copy.SchedulerModule).not.toBe(SchedulerModule);
  return copy;
}

describe('two copies of the package in one application', () => {
  it('with a forRoot each are refused: every job would run twice', async () => {
    const copy = await otherCopy();
    @Module({ imports: [copy.SchedulerModule.forRoot()] })
    class FeatureModule {}
    @Module({ imports: [SchedulerModule.forRoot(), FeatureModule] })
    class AppModule {}
    const starting = NestFactory.createApplicationContext(AppModule, { logger: false, abortOnError: false });
    const error = await rejection(starting);
    expect(error).toMatchObject({
      code: 'SCHEDULER_EXISTS',
      importedBy: expect.arrayContaining(['AppModule', 'FeatureModule']),
    });
    expect(error.message).toMatch(/two copies of @carillon\/scheduler/);
  });

  it('with one forRoot are one: it runs what the decorators of both declare', async () => {
    const copy = await otherCopy();
    const ticks: string[] = [];
    @Injectable()
    class Tasks {
      @Cron('* * * * * *')
      own(): void {
        ticks.push('own');
      }
      @copy.Cron('* * * * * *')
      other(): void {
        ticks.push('other');
      }
    }
    const { clock, scheduler } = await startApp({ providers: [Tasks] });
    await scheduler.addJob({ trigger: copy.every('1s'), handler: () => ticks.push('added') });
    await clock.advance(1_000);
    expect(ticks.toSorted()).toEqual(['added', 'other', 'own']);
  });
});
