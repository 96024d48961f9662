import 'reflect-metadata';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Injectable, type INestApplicationContext } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { afterAll, expect, it, onTestFinished } from 'vitest';
import { Cron, type SchedulerEvent, SchedulerModule, SchedulerService } from '@carillon/scheduler';
import { TimeMachine, TimeTravelError } from '@carillon/scheduler/testing';
import { sqliteStore } from '@carillon/sql';

const folder = mkdtempSync(join(tmpdir(), 'carillon-steered-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

@Injectable()
class Nightly {
  @Cron('30 2 * * *', { id: 'nightly', timezone: 'UTC' })
  run() {}
}

function application(file: string) {
  const store = sqliteStore(join(folder, file));
  return Test.createTestingModule({
    imports: [SchedulerModule.forRoot({ store, log: false })],
    providers: [Nightly],
  });
}

/** An application on the machine's own clock, and what it published until it had started. */
async function startNormally(
  file: string,
): Promise<{ app: INestApplicationContext; events: SchedulerEvent[] }> {
  const app = await application(file).compile();
  onTestFinished(() => app.close());
  const events: SchedulerEvent[] = [];
  app.get(SchedulerService).events$.subscribe((event) => events.push(event));
  await app.init();
  return { app, events };
}

async function travel(
  file: string,
  { from, to, keepStore }: { from: string; to: string; keepStore?: boolean },
): Promise<number> {
  const time = new TimeMachine(from);
  const app = await time.steer(application(file), { keepStore }).compile();
  await app.init();
  await time.travelTo(to);
  const ticks = await time.ticksOf('nightly');
  await app.close();
  return ticks.length;
}

it('leaves the store of the application alone', async () => {
  expect(await travel('untouched.db', { from: '2127-01-01T00:00Z', to: '2128-01-01T00:00Z' })).toBe(365);
  const { app, events } = await startNormally('untouched.db');
  expect(events.filter(({ type }) => type === 'scheduler.faulted')).toEqual([]);
  expect(await app.get(SchedulerService).getRuns()).toEqual([]);
});

it('says at the next normal start that a kept store has runs of the future', async () => {
  const january = { from: '2127-01-01T00:00Z', to: '2127-02-01T00:00Z' };
  expect(await travel('moved.db', { ...january, keepStore: true })).toBe(31);
  const { events } = await startNormally('moved.db');
  expect(events.filter(({ type }) => type === 'scheduler.faulted')).toMatchObject([
    { error: { code: 'STORE_AHEAD', newestRunAt: new Date('2127-01-31T02:30:00Z') } },
  ]);
});

it('plays a year in a SQLite database in memory, which has each run until the end', async () => {
  const time = new TimeMachine('2127-01-01T00:00Z');
  const store = sqliteStore(':memory:', { retention: { age: null, perJob: null } });
  const module = Test.createTestingModule({
    imports: [SchedulerModule.forRoot({ store, log: false })],
    providers: [Nightly],
  });
  const app = await time.steer(module, { keepStore: true }).compile();
  await app.init();
  await time.travelTo('2128-01-01T00:00Z');
  const runs = await time.runsOf('nightly');
  expect(runs).toHaveLength(365);
  expect(new Set(runs.map(({ outcome }) => outcome))).toEqual(new Set(['succeeded']));
  expect(runs.at(-1)!.scheduledAt).toEqual(new Date('2127-12-31T02:30Z'));
  await app.close();
  // The next start of the same value has an empty database.
  const again = await Test.createTestingModule({
    imports: [SchedulerModule.forRoot({ store, log: false })],
  }).compile();
  await again.init();
  expect(await again.get(SchedulerService).getJobs()).toEqual([]);
  await again.close();
});

it('is refused in a store that a live process uses', async () => {
  await startNormally('shared.db');
  const time = new TimeMachine('2127-01-01T00:00Z');
  const app = await time.steer(application('shared.db'), { keepStore: true }).compile();
  await expect(app.init()).rejects.toBeInstanceOf(TimeTravelError);
});
