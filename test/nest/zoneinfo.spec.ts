import { Injectable } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { describe, expect, it } from 'vitest';
import {
  at,
  anyOf,
  cron,
  Cron,
  type SchedulerEventOf,
  SchedulerModule,
  type SchedulerOptions,
} from '@carillon/scheduler';
import { asSystem, emptyFolder, zoneinfoFolder } from '../timing/zoneinfo-folder.js';
import { createApp, rejection, startApp, type TestApp } from './testing-app.js';

const RUNTIME = process.versions.tz!;

@Injectable()
class Report {
  @Cron('0 9 * * *', { id: 'report', timezone: 'Europe/Berlin' })
  build(): void {}
}

function start(options?: SchedulerOptions): Promise<TestApp> {
  return startApp({ providers: [Report], options });
}

/** The hour in UTC of nine o'clock in Berlin. */
async function nine({ scheduler }: TestApp, id = 'report'): Promise<number> {
  return (await scheduler.getJob(id))!.nextDueAt!.getUTCHours();
}

function startLine({ lines }: TestApp): string {
  return lines.find(({ text }) => text.startsWith('Started'))!.text;
}

describe('zoneinfo', () => {
  it('left out takes the newer files of the system, and the line of the start says so', async () => {
    const folder = asSystem(zoneinfoFolder('2999a', { 'Europe/Berlin': 2 }));
    const app = await start();
    expect(await nine(app)).toBe(7);
    expect(startLine(app)).toBe(
      `Started with 1 declared job, kept in memory; time zone data 2999a of ${folder}, from which time zone data ${RUNTIME} of the runtime differ for Europe/Berlin.`,
    );
  });

  it.each(['2001a', null])(
    'left out or undefined takes the runtime before files of version %s',
    async (version) => {
      asSystem(zoneinfoFolder(version, { 'Europe/Berlin': 2 }));
      for (const options of [undefined, { zoneinfo: undefined }, { zoneinfo: 'auto' }]) {
        const app = await start(options);
        expect(await nine(app)).toBe(8);
        await app.app.close();
      }
    },
  );

  it('takes the files of the system, of a known or unknown version, when asked to', async () => {
    const folder = asSystem(zoneinfoFolder(null, { 'Europe/Berlin': 2 }));
    const app = await start({ zoneinfo: 'system' });
    expect(await nine(app)).toBe(7);
    expect(startLine(app)).toContain(`time zone data of unknown version of ${folder}, from which`);
  });

  it('takes the runtime when asked to, and says which zones of jobs the system has otherwise', async () => {
    asSystem(zoneinfoFolder('2999a', { 'Europe/Berlin': 2 }));
    const app = await start({ zoneinfo: 'runtime' });
    expect(await nine(app)).toBe(8);
    expect(startLine(app)).toContain(
      `time zone data ${RUNTIME} of the runtime, from which time zone data 2999a of the system differ for Europe/Berlin.`,
    );
  });

  it('takes the files of a path from forRootAsync, also for triggers made before', async () => {
    const trigger = cron('0 9 * * *', { timezone: 'Europe/Berlin' });
    expect(trigger.next(new Date('2027-01-04T00:00:00Z'))!.getUTCHours()).toBe(8);
    const zoneinfo = zoneinfoFolder('2001a', { 'Europe/Berlin': 2 });
    const module = await Test.createTestingModule({
      imports: [SchedulerModule.forRootAsync({ useFactory: () => ({ zoneinfo, log: false }) })],
    }).compile();
    expect(trigger.next(new Date('2027-01-04T00:00:00Z'))!.getUTCHours()).toBe(7);
    await module.close();
  });

  it('is in force before the module reads its own zone', async () => {
    const zoneinfo = zoneinfoFolder('2001a', { 'Mars/Olympus': 5 });
    const { scheduler } = await start({ zoneinfo, timezone: 'Mars/Olympus' });
    const job = await scheduler.addJob({ trigger: cron('0 9 * * *'), handler: () => {} });
    expect(job.nextDueAt!.getUTCHours()).toBe(4);
  });

  it('says only the zones that jobs use, those in parts of triggers too', async () => {
    const offsets = { 'Europe/Berlin': 2, 'Asia/Tokyo': 8, 'Asia/Dubai': 8, 'Africa/Cairo': 8 };
    const app = await createApp({
      providers: [Report],
      options: { zoneinfo: zoneinfoFolder('2001a', offsets) },
    });
    const { scheduler } = app;
    const tokyo = cron('0 9 * * *', { timezone: 'Asia/Tokyo' });
    await scheduler.addJob({ trigger: anyOf(tokyo, at('2027-02-01T00:00:00Z')), handler: () => {} });
    const gone = cron('0 9 * * *', { timezone: 'Asia/Dubai' });
    await scheduler.addJob({ id: 'gone', trigger: gone, handler: () => {} });
    await scheduler.removeJob('gone');
    const started: SchedulerEventOf<'scheduler.started'>[] = [];
    scheduler.on('scheduler.started').subscribe((event) => started.push(event));
    await app.app.init();
    expect(started).toMatchObject([
      {
        timezoneData: '2001a',
        otherTimezoneData: RUNTIME,
        timezonesThatDiffer: ['Asia/Tokyo', 'Europe/Berlin'],
      },
    ]);
  });

  it('says nothing of differences where the system has no zone files', async () => {
    asSystem(emptyFolder());
    expect(startLine(await start())).toContain(`time zone data ${RUNTIME} of the runtime.`);
  });
});

describe('a wrong zoneinfo ends the start', () => {
  it.each([
    ['/nowhere', /is "\/nowhere", where there are no compiled zone files/],
    ['sytem', /is "sytem", which is no choice/],
    ['./zoneinfo', /is "\.\/zoneinfo", which is no choice/],
    ['', /is "", which is no choice/],
    [5, /is 5, which is no choice/],
    [null, /is null, which is no choice/],
  ])('%o', async (zoneinfo, fact) => {
    const error = await rejection(start({ zoneinfo: zoneinfo as string }));
    expect(error).toMatchObject({ code: 'INVALID_OPTIONS', field: 'zoneinfo', value: zoneinfo });
    expect(error.message).toMatch(fact);
    expect(error.message).toMatch(
      /^SchedulerModule: The option "zoneinfo" .* Give 'auto', 'runtime', 'system' or /,
    );
    expect(await nine(await start())).toBe(8);
  });

  it('where the system has no zone files, and names TZDIR', async () => {
    const folder = asSystem(emptyFolder());
    const error = await rejection(start({ zoneinfo: 'system' }));
    expect(error).toMatchObject({ code: 'INVALID_OPTIONS', field: 'zoneinfo', value: 'system' });
    expect(error.message).toContain(`this system has no compiled zone files in TZDIR="${folder}"`);
  });
});

describe('two applications in a process', () => {
  it('refuse a second source while the first is in use', async () => {
    const first = await start({ zoneinfo: 'runtime' });
    const zoneinfo = zoneinfoFolder('2999a', { 'Europe/Berlin': 2 });
    const error = await rejection(start({ zoneinfo }));
    expect(error).toMatchObject({ code: 'INVALID_OPTIONS', field: 'zoneinfo', value: zoneinfo });
    expect(error.message).toContain("another application of this process uses the runtime's");
    expect(await nine(first)).toBe(8);
    await first.app.close();
    expect(await nine(await start({ zoneinfo }))).toBe(7);
  });

  it('refuse it also when both read their options before either starts', async () => {
    const zoneinfo = zoneinfoFolder('2999a', { 'Europe/Berlin': 2 });
    const first = await createApp({ providers: [Report], options: { zoneinfo } });
    const second = await createApp({ providers: [Report], options: { zoneinfo: 'runtime' } });
    await first.app.init();
    expect(await nine(first)).toBe(7);
    const error = await rejection(second.app.init());
    expect(error).toMatchObject({ code: 'INVALID_OPTIONS', field: 'zoneinfo' });
    expect(error.message).toMatch(
      /^SchedulerModule: The option "zoneinfo" is 'runtime', and another application/,
    );
    expect(await nine(first)).toBe(7);
  });

  it('share the source of the first when the second leaves it out or means the same', async () => {
    const zoneinfo = asSystem(zoneinfoFolder('2001a', { 'Europe/Berlin': 2 }));
    await start({ zoneinfo });
    expect(await nine(await start())).toBe(7);
    expect(await nine(await start({ zoneinfo: 'system' }))).toBe(7);
  });

  it('leave no source behind', async () => {
    const first = await start({ zoneinfo: zoneinfoFolder('2999a', { 'Europe/Berlin': 2 }) });
    await first.app.close();
    expect(await nine(await start())).toBe(8);
  });
});
