import { describe, expect, it } from 'vitest';
import {
  at,
  cron,
  EVENT_TYPES,
  every,
  SCHEDULER_CLOCK,
  type SchedulerEvent,
  SchedulerModule,
  SchedulerService,
  type Trigger,
} from '@carillon/scheduler';
import { ManualClock } from '@carillon/scheduler/testing';
import { Test } from '@nestjs/testing';
import { MemoryStore } from '../../libs/scheduler/src/memory/index.js';
import { LeasedMemoryStore } from '../engine/leased-memory.js';
import { held } from '../engine/world.js';
import { createApp, recordingLogger, START, type TestApp } from '../nest/testing-app.js';
import { code, fields, read, rows } from './pages.js';

const page = await read('docs/events.md');
const documented = new Map(
  rows(page).map(([type, , ...cells]) => [code(type!), fields(cells.at(-1)!).toSorted()]),
);

/** What the text above the tables says of every event. */
const COMMON = new Set(['type', 'at', 'replica']);

describe('docs/events.md', () => {
  it('has a row for each event type, and for no other', () => {
    expect([...documented.keys()].toSorted()).toEqual(EVENT_TYPES.toSorted());
  });

  it('lists the fields that each event has, in an application where each of them happens', async () => {
    const events = await everyEvent();
    expect([...new Set(events.map(({ type }) => type))].toSorted()).toEqual(EVENT_TYPES.toSorted());
    for (const event of events) {
      const own = Object.keys(event).filter((field) => !COMMON.has(field));
      expect(own.toSorted(), event.type).toEqual(documented.get(event.type));
    }
  });

  it('tells of a subscriber that rejects later with its event, and not of one to that very event', async () => {
    const { app, scheduler, clock } = await createApp();
    const failures: unknown[] = [];
    scheduler.on('job.added').subscribe(() => Promise.reject(new Error('later')));
    scheduler.on('listener.failed').subscribe(({ during, jobId }) => {
      failures.push([during, jobId]);
      return Promise.reject(new Error('this one too'));
    });
    await app.init();
    await scheduler.addJob({ id: 'job', trigger: at(START), handler: () => {} });
    await clock.settle();
    expect(failures).toEqual([['job.added', 'job']]);
  });

  it('subscribes as it shows', async () => {
    const app = await createApp();
    const alerts: string[] = [];
    alertWhenFailed(app.scheduler, (text) => alerts.push(text));
    await app.app.init();
    await app.scheduler.addJob({
      id: 'import',
      trigger: at(START),
      handler: () => Promise.reject(new Error('no')),
      retry: 2,
    });
    await app.clock.advance(10_000);
    expect(alerts).toEqual(['import has failed for good']);
  });
});

function alertWhenFailed(scheduler: SchedulerService, alert: (text: string, error: unknown) => void): void {
  // #region subscribe
  scheduler.on('run.failed').subscribe(({ jobId, error, retryAt }) => {
    if (retryAt === null) alert(`${jobId} has failed for good`, error);
  });
  // #endregion
}

async function everyEvent(): Promise<SchedulerEvent[]> {
  const store = new MemoryStore({ runsPerJob: 100, runsTotal: 1_000 });
  const world = await createApp({ options: { store, abortGrace: 0, drainTimeout: 0 } });
  const events: SchedulerEvent[] = [];
  world.scheduler.events$.subscribe((event) => events.push(event));
  await world.app.init();
  await jobEvents(world);
  await runEvents(world);
  await schedulerEvents(world, store);
  return [...events, ...(await sharedStoreEvents())];
}

/** What only a store that is shared brings about. */
async function sharedStoreEvents(): Promise<SchedulerEvent[]> {
  // Unsteered, as a machine's clock is: the store's counts.
  const clock = Object.assign(new ManualClock(START), { steered: false });
  const store = new LeasedMemoryStore(() => clock.now());
  store.clockAheadMs = 5_000;
  store.nextBeat = { changed: [{ kind: 'orphaned', jobId: 'gone' }], newerZoneData: '9999a' };
  const module = await Test.createTestingModule({ imports: [SchedulerModule.forRoot({ store })] })
    .overrideProvider(SCHEDULER_CLOCK)
    .useValue(clock)
    .setLogger(recordingLogger().logger)
    .compile();
  const events: SchedulerEvent[] = [];
  module.get(SchedulerService).events$.subscribe((event) => events.push(event));
  await module.init();
  await module.close();
  const only = ['job.orphaned', 'scheduler.clockDiffers', 'scheduler.zoneDataOlder'];
  return events.filter(({ type }) => only.includes(type));
}

async function jobEvents({ scheduler, clock }: TestApp): Promise<void> {
  await scheduler.addJob({ id: 'job', trigger: every('1s'), handler: () => {} });
  await scheduler.updateJob('job', { maxRuns: 5 });
  await scheduler.pauseJob('job', { note: 'why', by: 'who', until: new Date(clock.now() + 60_000) });
  await scheduler.resumeJob('job');
  await scheduler.removeJob('job');
  await scheduler.addJob({ id: 'once', trigger: at(START), handler: (run) => run.progress(1) });
  await scheduler.addJob({ id: 'poisoned', trigger: poisoned(), handler: () => {} });
  await clock.advance(1_000);
}

async function runEvents({ scheduler, clock }: TestApp): Promise<void> {
  const { handler } = held();
  const from = { startAt: new Date(clock.now() + 1_000) };
  await scheduler.addJob({
    id: 'fails',
    trigger: every('1h', from),
    handler: () => Promise.reject(new Error('no')),
  });
  await scheduler.addJob({ id: 'slow', trigger: every('1s', from), handler, timeout: '500ms' });
  await scheduler.addJob({ id: 'late', trigger: every('1s', from), handler: () => {} });
  await scheduler.addJob({
    id: 'graceful',
    trigger: every('1s', from),
    handler: () => {},
    misfireGrace: '1s',
  });
  await clock.advance(2_000);
  clock.suspend(5_000);
  await scheduler.removeJob('late');
  await clock.advance(1_000);
  await scheduler.addJob({ id: 'late', trigger: every('1s'), handler: () => {} });
  clock.suspend(5_000);
  await clock.advance(1_000);
}

async function schedulerEvents({ app, scheduler, clock }: TestApp, store: MemoryStore): Promise<void> {
  await scheduler.pause();
  await scheduler.resume();
  clock.stepWall(3_600_000);
  await clock.advance(1_000);
  scheduler.on('job.added').subscribe(() => {
    throw new Error('listener');
  });
  const broken = () => {
    throw new Error('when');
  };
  const trigger = at(new Date(clock.now()));
  await scheduler.addJob({ id: 'faulted', trigger, handler: broken, retry: { attempts: 2, when: broken } });
  await clock.advance(1_000);
  const claimDue = store.claimDue.bind(store);
  store.claimDue = broken;
  await clock.advance(1_500);
  store.claimDue = claimDue;
  await clock.advance(10_000);
  const { handler } = held();
  await scheduler.addJob({ id: 'hangs', trigger: cron('* * * * * *'), handler });
  await clock.advance(1_000);
  const closed = app.close();
  await clock.advance(1_000);
  await closed;
}

/** A trigger whose next tick cannot be computed once it has been due. */
function poisoned(): Trigger {
  const trigger: Trigger = at(START);
  const bad: Trigger = Object.create(trigger, {
    bind: { value: () => bad },
    countBetween: { value: () => 1 },
    delayAt: { value: () => 0 },
    firstAt: { value: () => Date.parse(START) },
    nextAt: {
      value: (afterAt: number) => {
        if (afterAt >= Date.parse(START)) throw new Error('poisoned');
        return Date.parse(START);
      },
    },
  }) as Trigger;
  return bad;
}
