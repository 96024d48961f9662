import 'reflect-metadata';
import { Test } from '@nestjs/testing';
import { SchedulerService } from '@carillon/scheduler';
import { Beats, BeatsModule } from '../src/beats';

describe('the scheduler under Jest', () => {
  it('ticks, and stops with the application', async () => {
    const module = await Test.createTestingModule({ imports: [BeatsModule] }).compile();
    const app = await module.init();
    const beats = app.get(Beats);
    expect(beats.scheduler).toBe(app.get(SchedulerService));
    expect(await beats.scheduler.getJobs()).toHaveLength(1);

    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(beats.count).toBeGreaterThanOrEqual(2);

    await app.close();
    const counted = beats.count;
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(beats.count).toBe(counted);
  });
});
