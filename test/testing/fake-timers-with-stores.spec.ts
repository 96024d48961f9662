import 'reflect-metadata';
import { setTimeout as realWait } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Interval, SchedulerModule, SchedulerService } from '@carillon/scheduler';
import { SqlStore } from '../../libs/scheduler-sql/src/sql-store.js';
import { eachDatabase } from '../servers/each-database.js';

const OPTIONS = { leaseMs: 30_000, pollMs: 5_000, retention: { ageMs: null, perJob: null } };

afterEach(() => void vi.useRealTimers());

@Injectable()
class Beats {
  @Interval('1m', { id: 'beat' })
  run() {}
}

describe.each(eachDatabase)('fake timers over %s', (_, database) => {
  it('let an application start, be asked and close', async () => {
    const scratch = await database.scratch();
    vi.useFakeTimers({ now: new Date('2027-03-27T00:00:00Z') });
    const store = new SqlStore({ options: OPTIONS, connect: () => scratch.open() });
    const app = await Test.createTestingModule({
      imports: [SchedulerModule.forRoot({ store, log: false })],
      providers: [Beats],
    }).compile();
    await app.init();
    const scheduler = app.get(SchedulerService);
    expect((await scheduler.getJobs()).map(({ id }) => id)).toEqual(['beat']);
    expect(scheduler.health()).toMatchObject({ healthy: true });
    const closed = app.close().then(() => 'closed');
    const passTime = async () => {
      await vi.advanceTimersByTimeAsync(20);
      await realWait(2);
      return 'open';
    };
    let state = 'open';
    for (let rounds = 0; rounds < 500 && state === 'open'; rounds++)
      state = await Promise.race([closed, passTime()]);
    expect(state).toBe('closed');
    vi.useRealTimers();
    await scratch.drop();
  });
});
