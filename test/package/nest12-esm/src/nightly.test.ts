import 'reflect-metadata';
import assert from 'node:assert';
import { pbkdf2 } from 'node:crypto';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { promisify } from 'node:util';
import type { INestApplicationContext } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { every, SchedulerService } from '@carillon/scheduler';
import { TimeMachine, TimeTravelError } from '@carillon/scheduler/testing';
import { NightlyModule } from './nightly.js';

describe('time under node:test', () => {
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
    assert.strictEqual(runs.length, 365);
    assert(runs.every(({ outcome }) => outcome === 'succeeded'));
    assert.strictEqual(runs.filter(({ attempt }) => attempt === 2).length, 12);
    const ticks = (await time.ticksOf('nightly')).map((tick) => tick.toISOString());
    assert(ticks.includes('2027-03-28T01:00:00.000Z'));
    assert(ticks.includes('2027-10-31T00:30:00.000Z'));
  });

  it('tells what would run, runs it now, and does not go back', async () => {
    assert.deepStrictEqual(await time.wouldRun('2027-01-01T00:00Z', '2027-01-02T00:00Z'), [
      { jobId: 'nightly', scheduledAt: new Date('2027-01-01T01:30Z') },
    ]);
    assert.strictEqual(await time.performNow('nightly'), 'run 1');
    await assert.rejects(time.travelTo('2026-01-01T00:00Z'), TimeTravelError);
  });

  it('does not mind mocked timers, and waits for work that takes its time', async (context) => {
    context.mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'setImmediate', 'Date'] });
    const handler = () => promisify(pbkdf2)('password', 'salt', 200_000, 32, 'sha256');
    await app.get(SchedulerService).addJob({ id: 'slow', trigger: every('1d'), handler });
    await time.advance('2d');
    const outcomes = (await time.runsOf('slow')).map(({ outcome }) => outcome);
    assert.deepStrictEqual(outcomes, ['succeeded', 'succeeded']);
    assert.strictEqual((await time.ticksOf('nightly')).length, 2);
  });
});
