import { fork } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { cron, Cron, JobHandler } from '@carillon/scheduler';
import { compileReplica } from '../../cluster/cluster.js';
import { eachDatabase } from '../../servers/each-database.js';
import { zoneinfoFolder } from '../../timing/zoneinfo-folder.js';
import { DurableWorld, type Replica } from './durable-world.js';
import type { Report } from './zone-data.program.js';

class Reports {
  @Cron('0 9 * * *', { id: 'report', timezone: 'Europe/Berlin' })
  report(): void {}
  @JobHandler('work')
  work(): void {}
}

/** The hour in UTC of nine o'clock in Berlin, as it is stored. */
async function nine({ scheduler }: Replica): Promise<number> {
  return (await scheduler.getJob('report'))!.nextDueAt!.getUTCHours();
}

describe.each(eachDatabase)('the chosen zone data over %s', (_, database) => {
  const start = (here: DurableWorld, zoneinfo: string) =>
    here.start({ providers: [Reports], options: { zoneinfo } });

  it('compute stored times anew when they are newer, and leave them alone when older or unknown (Z5)', async () => {
    const here = await DurableWorld.in(database);
    const older = zoneinfoFolder('2001a', { 'Europe/Berlin': 3 });
    const newer = zoneinfoFolder('2001b', { 'Europe/Berlin': 2 });
    const unknown = zoneinfoFolder(null, { 'Europe/Berlin': 4 });
    const found = [];
    for (const zoneinfo of [unknown, older, newer, older, unknown, 'runtime', newer]) {
      const replica = await start(here, zoneinfo);
      const says = replica.events.find(({ type }) => type === 'scheduler.zoneDataOlder');
      found.push([await nine(replica), says]);
      await replica.stop();
    }
    const RUNTIME = process.versions.tz;
    expect(found).toMatchObject([
      [5, undefined],
      [6, undefined],
      [7, undefined],
      [7, { timezoneData: '2001a', newerTimezoneData: '2001b' }],
      [7, { timezoneData: 'unknown', newerTimezoneData: '2001b' }],
      [8, undefined],
      [8, { timezoneData: '2001b', newerTimezoneData: RUNTIME }],
    ]);
  });

  it('are compared with the other data for the zones of stored jobs that are not finished', async () => {
    const here = await DurableWorld.in(database);
    const before = await start(here, 'runtime');
    const trigger = cron('0 9 * * *', { timezone: 'Asia/Tokyo' });
    await here.during(before.scheduler.addJob({ id: 'added', trigger, handler: 'work' }));
    const last = cron('* * * * * *', { timezone: 'Asia/Dubai', endAt: '2027-01-04T00:00:02Z' });
    await here.during(before.scheduler.addJob({ id: 'over', trigger: last, handler: 'work' }));
    await here.pass(3_000);
    expect(await before.scheduler.getJob('over')).toMatchObject({ state: 'finished' });
    await before.stop();

    const zoneinfo = zoneinfoFolder('2001a', { 'Europe/Berlin': 2, 'Asia/Tokyo': 8, 'Asia/Dubai': 8 });
    const { lines, events } = await start(here, zoneinfo);
    expect(events.find(({ type }) => type === 'scheduler.started')).toMatchObject({
      timezoneData: '2001a',
      timezonesThatDiffer: ['Asia/Tokyo', 'Europe/Berlin'],
    });
    expect(lines.map(({ text }) => text)).toContainEqual(
      expect.stringMatching(/of the runtime differ for Asia\/Tokyo, Europe\/Berlin\.$/),
    );
  });
});

describe('zone data of two processes that share a SQLite file', () => {
  let program: Awaited<ReturnType<typeof compileReplica>>;
  beforeAll(async () => {
    program = await compileReplica('test/sql/robust/zone-data.program.ts');
  }, 60_000);
  afterAll(() => program?.remove());

  /** Starts a process; `next` waits for its next report of a kind. */
  function replica(file: string, zoneinfo: string) {
    const child = fork(program.main, [file, zoneinfo], { stdio: 'inherit' });
    onTestFinished(() => void child.kill('SIGKILL'));
    const reports: Report[] = [];
    child.on('message', (report) => reports.push(report as Report));
    const next = async (kind: Report['kind']): Promise<Report> => {
      for (;;) {
        const index = reports.findIndex((report) => report.kind === kind);
        if (index >= 0) return reports.splice(index, 1)[0]!;
        await once(child, 'message');
      }
    };
    const hour = async () => {
      child.send('nine');
      return (await next('nine')).value;
    };
    return { next, hour };
  }

  it(
    'are those of the newer, whichever starts first, and the older says so',
    { timeout: 60_000 },
    async () => {
      const sqlite = eachDatabase.find(([, { kind }]) => kind === 'sqlite')![1];
      const scratch = await sqlite.scratch();
      onTestFinished(() => scratch.drop());
      const older = zoneinfoFolder('2001a', { 'Europe/Berlin': 3 });
      const newer = zoneinfoFolder('2001b', { 'Europe/Berlin': 2 });

      const first = replica(scratch.url, older);
      expect(await first.next('started')).toEqual({ kind: 'started', value: '2001a' });
      expect(await first.hour()).toBe(6);
      const second = replica(scratch.url, newer);
      expect(await second.next('started')).toEqual({ kind: 'started', value: '2001b' });
      expect(await second.hour()).toBe(7);
      expect(await first.next('older')).toEqual({ kind: 'older', value: '2001a < 2001b' });
      const third = replica(scratch.url, older);
      expect(await third.next('older')).toEqual({ kind: 'older', value: '2001a < 2001b' });
      expect(await Promise.all([first, second, third].map((one) => one.hour()))).toEqual([7, 7, 7]);
    },
  );
});
