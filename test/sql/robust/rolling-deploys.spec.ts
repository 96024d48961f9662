import { sql } from 'kysely';
import { beforeEach, describe, expect, it } from 'vitest';
import { Cron, cron, every, Interval, Timeout } from '@carillon/scheduler';
import { START } from '../../nest/testing-app.js';
import { eachDatabase } from '../../servers/each-database.js';
import { DurableWorld, LEASE_MS, POLL_MS, type Replica } from './durable-world.js';

const begunAt = new Date(START).getTime();
const SECOND = 1_000;
const MINUTE = 60 * SECOND;

/** What ran, and the code of which version ran it. */
const ran: string[] = [];
beforeEach(() => void (ran.length = 0));

/** Two versions of one class: as after a change of its file. */
const V1 = (() => {
  class Reports {
    @Cron('0 * * * * *', { id: 'report', timezone: 'UTC' })
    report(): void {
      ran.push('report 1');
    }
    @Cron('15 * * * * *', { timezone: 'UTC' })
    daily(): void {
      ran.push('daily');
    }
  }
  return Reports;
})();
const V2 = (() => {
  class Reports {
    @Cron('30 * * * * *', { id: 'report', timezone: 'UTC' })
    report(): void {
      ran.push('report 2');
    }
    @Cron('15 * * * * *', { timezone: 'UTC' })
    nightly(): void {
      ran.push('nightly');
    }
  }
  return Reports;
})();

const triggerOf = async ({ scheduler }: Replica) => (await scheduler.getJob('report'))!.trigger.toString();
const statesIn = async ({ scheduler }: Replica) =>
  Object.fromEntries((await scheduler.getJobs()).map(({ id, state }) => [id, state]));
const published = ({ events }: Replica) =>
  events.flatMap((event) =>
    event.type.startsWith('job.') ? [`${event.type} ${(event as { jobId: string }).jobId}`] : [],
  );

describe.each(eachDatabase)('a rolling deploy over %s', (_, database) => {
  const start = (here: DurableWorld, code: new () => object) => here.start({ providers: [code] });

  it('changes a declaration, and orphans what is gone, once no process of the old version is left', async () => {
    const here = await DurableWorld.in(database);
    const old = await start(here, V1);
    const before = await triggerOf(old);
    const next = await start(here, V2);
    expect(await triggerOf(next)).toBe(before);
    expect(next.lines.map(({ text }) => text)).toContainEqual(
      expect.stringMatching(/a process that runs declares the job "report" otherwise/),
    );
    await here.pass(MINUTE + 20 * SECOND);
    // Both versions have the handler "report"; each method that has another name is run by who has it.
    expect(ran.map((text) => text.replace(/ \d/, ''))).toEqual(
      expect.arrayContaining(['daily', 'nightly', 'report', 'daily', 'nightly']),
    );
    expect(ran).toHaveLength(5);
    expect(await statesIn(next)).toEqual({
      report: 'active',
      'Reports.daily': 'active',
      'Reports.nightly': 'active',
    });

    await old.stop();
    await here.pass(POLL_MS);
    expect(await triggerOf(next)).not.toBe(before);
    expect(published(next)).toEqual(
      expect.arrayContaining(['job.edited report', 'job.orphaned Reports.daily']),
    );
    expect(next.lines.map(({ text }) => text)).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/"Reports.daily" is declared by the code of no running process/),
      ]),
    );
    expect(await statesIn(next)).toEqual({
      report: 'active',
      'Reports.daily': 'orphaned',
      'Reports.nightly': 'active',
    });
    ran.length = 0;
    await here.pass(MINUTE);
    expect(ran.toSorted()).toEqual(['nightly', 'report 2']);
  });

  it('waits for the lease of a process that died without a word', async () => {
    const here = await DurableWorld.in(database);
    const old = await start(here, V1);
    const next = await start(here, V2);
    const before = await triggerOf(next);
    old.vanish();
    await here.pass(LEASE_MS - POLL_MS);
    expect(await triggerOf(next)).toBe(before);
    expect(published(next)).not.toContain('job.orphaned Reports.daily');
    await here.pass(3 * POLL_MS);
    expect(await triggerOf(next)).not.toBe(before);
    expect(published(next)).toContain('job.orphaned Reports.daily');
  });

  it('rolled back takes the orphan up again, from now on', async () => {
    const here = await DurableWorld.in(database);
    await (await start(here, V1)).stop();
    const next = await start(here, V2);
    await here.pass(2 * MINUTE);
    await next.stop();
    ran.length = 0;
    const back = await start(here, V1);
    await here.pass(MINUTE);
    expect(ran).toEqual(['daily', 'report 1']);
    expect(await statesIn(back)).toEqual({
      report: 'active',
      'Reports.daily': 'active',
      'Reports.nightly': 'orphaned',
    });
    expect(
      (await back.scheduler.getRuns({ jobId: 'Reports.daily' })).filter(
        ({ outcome }) => outcome !== 'succeeded',
      ),
    ).toEqual([]);
  });

  it('keeps what was changed at run time while the declaration is the same, and no longer', async () => {
    const here = await DurableWorld.in(database);
    const first = await start(here, V1);
    await first.scheduler.updateJob('report', { trigger: every('10s') });
    await first.scheduler.pauseJob('Reports.daily', { note: 'until the audit is over', by: 'ann' });
    await here.pass(15 * SECOND);
    await first.stop();
    expect(ran).toEqual(['report 1']);

    const same = await start(here, V1);
    expect(published(same)).toEqual([]);
    await here.pass(6 * SECOND);
    // The phase is kept: at second 20.
    expect(ran).toEqual(['report 1', 'report 1']);
    expect(await same.scheduler.getJob('Reports.daily')).toMatchObject({
      state: 'paused',
      pause: { note: 'until the audit is over', by: 'ann' },
    });
    await same.scheduler.pauseJob('report');
    await same.stop();

    const changed = await start(here, V2);
    const job = (await changed.scheduler.getJob('report'))!;
    expect(job).toMatchObject({ state: 'active', pause: null, nextDueAt: new Date(begunAt + 30 * SECOND) });
    expect(job.trigger.toString()).toBe(cron('30 * * * * *', { timezone: 'UTC' }).toString());
    expect(published(changed)).toContain('job.edited report');
  });

  it('keeps a job that ticks less often than the application restarts', async () => {
    class EachMinute {
      @Interval('1m', { id: 'each-minute' })
      tick(): void {
        ran.push(new Date(here.clock.now()).toISOString().slice(11, 19));
      }
    }
    const here = await DurableWorld.in(database);
    for (let restart = 0; restart < 13; restart++) {
      const replica = await start(here, EachMinute);
      await here.pass(10 * SECOND);
      await replica.stop();
    }
    expect(ran).toEqual(['00:01:00', '00:02:00']);
  });

  it('runs a @Timeout once for each start of each process, and stores nothing of it', async () => {
    class Warm {
      @Timeout(1_000)
      warm(): void {
        ran.push('warm');
      }
    }
    const here = await DurableWorld.in(database);
    const both = [await start(here, Warm), await start(here, Warm)];
    await here.pass(MINUTE);
    expect(ran).toEqual(['warm', 'warm']);
    for (const replica of both) await replica.stop();
    await start(here, Warm);
    await here.pass(MINUTE);
    expect(ran).toHaveLength(3);
    const { kysely } = here.database;
    for (const table of ['jobs', 'schedules', 'live_runs', 'history'] as const) {
      expect(
        await kysely
          .selectFrom(table)
          .select(sql<number>`count(*)`.as('rows'))
          .executeTakeFirst(),
      ).toEqual({ rows: 0 });
    }
  });
});
