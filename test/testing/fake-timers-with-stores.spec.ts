import 'reflect-metadata';
import { syncBuiltinESMExports } from 'node:module';
import timers from 'node:timers';
import { setTimeout as realWait } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import Libsql from 'libsql';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Interval, SchedulerModule, SchedulerService } from '@carillon/scheduler';
import { mysqlStore, postgresStore, sqliteStore } from '@carillon/sql';
import { pause } from '../../libs/scheduler-sql/src/driver/real-time.js';
import { SqlStore } from '../../libs/scheduler-sql/src/sql-store.js';
import { eachDatabase, type ScratchDatabase, type TestDatabase } from '../servers/each-database.js';

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

const STORE_OF = {
  // vitest cannot load a package while ticks are held: the handle has it already.
  sqlite: ({ url }: ScratchDatabase) => sqliteStore(new Libsql(url)),
  postgres: ({ url, options }: ScratchDatabase) => postgresStore(url, options),
  mysql: ({ url, options }: ScratchDatabase) => mysqlStore(url, options),
};

/** Rejects after a while: vitest itself cannot, while ticks are held. */
async function hang(): Promise<never> {
  await realWait(5_000, null, { ref: false });
  throw new Error('It hangs.');
}

/** Fake timers keep the callbacks of `process.nextTick` and `queueMicrotask`, as Jest's do unless told otherwise. */
async function holdingTicks<T>(work: () => Promise<T>): Promise<T> {
  const held: (() => void)[] = [];
  const ticks = vi.spyOn(process, 'nextTick').mockImplementation((callback, ...args) => {
    held.push(() => Reflect.apply(callback, undefined, args));
  });
  const tasks = vi.spyOn(globalThis, 'queueMicrotask').mockImplementation((callback) => {
    held.push(callback);
  });
  try {
    return await Promise.race([work(), hang()]);
  } finally {
    ticks.mockRestore();
    tasks.mockRestore();
    for (const callback of held) process.nextTick(callback);
  }
}

async function startHoldingTicks({ kind, scratch: make }: TestDatabase): Promise<string[]> {
  const scratch = await make();
  const store = STORE_OF[kind](scratch);
  const module = await Test.createTestingModule({
    imports: [SchedulerModule.forRoot({ store, log: false })],
    providers: [Beats],
  }).compile();
  vi.useFakeTimers({ now: new Date('2027-03-27T00:00:00Z') });
  try {
    return await holdingTicks(async () => {
      await module.init();
      const jobs = await module.get(SchedulerService).getJobs();
      await module.close();
      return jobs.map(({ id }) => id);
    });
  } finally {
    vi.useRealTimers();
    await scratch.drop();
  }
}

const files = eachDatabase.filter(([, { kind }]) => kind === 'sqlite');
const servers = eachDatabase.filter(([, { kind }]) => kind !== 'sqlite');

describe.each(files)('fake timers that keep ticks, over %s', (_, database) => {
  it('let an application start, be asked and close', async () => {
    expect(await startHoldingTicks(database)).toEqual(['beat']);
  });
});

describe.each(servers)('fake timers that keep ticks, over %s', (_, database) => {
  it('refuse the start, and say what to leave real', async () => {
    await expect(startHoldingTicks(database)).rejects.toMatchObject({
      code: 'FAKE_TIMERS',
      message: expect.stringContaining("doNotFake: ['nextTick']"),
    });
  });
});

it('does not wait for timers of node:timers that a test replaces', async () => {
  const timeout = vi.spyOn(timers, 'setTimeout').mockReturnValue({} as never);
  syncBuiltinESMExports();
  try {
    await expect(pause(1)).resolves.toBeUndefined();
  } finally {
    timeout.mockRestore();
    syncBuiltinESMExports();
  }
});
