import 'reflect-metadata';
import { pbkdf2 } from 'node:crypto';
import { promisify } from 'node:util';
import type { INestApplicationContext } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { every, SchedulerService } from '@carillon/scheduler';
import { TimeMachine, TimeTravelError } from '@carillon/scheduler/testing';
import { NightlyModule } from '../src/nightly';

describe('time under Jest', () => {
  let time: TimeMachine;
  let app: INestApplicationContext;

  beforeEach(async () => {
    time = new TimeMachine('2027-01-01T00:00Z');
    app = await time.steer(Test.createTestingModule({ imports: [NightlyModule] })).compile();
    await app.init();
  });
  afterEach(() => app.close());

  it('passes a year, with both changes of offset', async () => {
    await time.travelTo('2028-01-01T00:00Z');
    const runs = await time.runsOf('nightly');
    expect(runs).toHaveLength(365);
    expect(runs.every(({ outcome }) => outcome === 'succeeded')).toBe(true);
    expect(runs.filter(({ attempt }) => attempt === 2)).toHaveLength(12);
    const ticks = (await time.ticksOf('nightly')).map((tick) => tick.toISOString());
    expect(ticks).toContain('2027-03-28T01:00:00.000Z');
    expect(ticks).toContain('2027-10-31T00:30:00.000Z');
  });

  it('tells what would run, runs it now, and does not go back', async () => {
    expect(await time.wouldRun('2027-01-01T00:00Z', '2027-01-02T00:00Z')).toEqual([
      { jobId: 'nightly', scheduledAt: new Date('2027-01-01T01:30Z') },
    ]);
    expect(await time.performNow('nightly')).toBe('run 1');
    await expect(time.travelTo('2026-01-01T00:00Z')).rejects.toThrow(TimeTravelError);
  });

  it('does not mind fake timers, and waits for work that takes its time', async () => {
    jest.useFakeTimers();
    try {
      const handler = () => promisify(pbkdf2)('password', 'salt', 200_000, 32, 'sha256');
      await app.get(SchedulerService).addJob({ id: 'slow', trigger: every('1d'), handler });
      await time.advance('2d');
      expect((await time.runsOf('slow')).map(({ outcome }) => outcome)).toEqual(['succeeded', 'succeeded']);
      expect(await time.ticksOf('nightly')).toHaveLength(2);
    } finally {
      jest.useRealTimers();
    }
  });
});
