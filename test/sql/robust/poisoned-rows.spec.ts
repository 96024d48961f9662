import { describe, expect, it } from 'vitest';
import { at, every, JobHandler, type RunContext, type SchedulerOptions } from '@carillon/scheduler';
import type { JobTable, ScheduleTable } from '../../../libs/scheduler-sql/src/schema/tables.js';
import { START } from '../../nest/testing-app.js';
import { eachDatabase } from '../../servers/each-database.js';
import { DurableWorld, type Replica } from './durable-world.js';

const begunAt = new Date(START).getTime();
const MINUTE = 60_000;

const ran: string[] = [];
class Worker {
  @JobHandler('work')
  work({ jobId }: RunContext): void {
    ran.push(jobId);
  }
}

const cronWith = (changes: object) =>
  JSON.stringify({ type: 'cron', expression: '* * * * *', timezone: 'UTC', ...changes });

/** What a hand, a broken migration or other code may have left in a job's row. */
const POISONS: Record<string, Partial<JobTable>> = {
  'a trigger that is half a JSON text': { trigger_json: '{"type":' },
  'a trigger that is null': { trigger_json: 'null' },
  'a trigger that is a number': { trigger_json: '17' },
  'a trigger of an unknown type': { trigger_json: '{"type":"moon"}' },
  'an invalid expression': { trigger_json: cronWith({ expression: '61 * * * *' }) },
  'an expression that never matches': { trigger_json: cronWith({ expression: '0 0 30 2 *' }) },
  'an unknown time zone': { trigger_json: cronWith({ timezone: 'Europe/Atlantis' }) },
  'an interval of nothing': {
    trigger_json: '{"type":"interval","everyMs":0,"anchorAt":"2027-01-04T00:00:00.000Z"}',
  },
  'a date beyond the year 9999': { trigger_json: '{"type":"date","at":"+010000-01-01T00:00:00.000Z"}' },
  'policies that are no JSON': { policies: 'skip' },
  'policies that are null': { policies: 'null' },
  'policies that are a list': { policies: '[]' },
  'an unknown policy of overlap': { policies: '{"overlap":"sometimes"}' },
  'a retry that is a text': { policies: '{"retry":"often"}' },
  'a limit that is a text': { policies: '{"maxRuns":"many"}' },
  'a payload that is half a JSON text': { payload: '{"order":' },
};

describe.each(eachDatabase)('a poisoned row in %s', (_, database) => {
  /** An application with two good jobs around bad ones, all due each minute. */
  async function world(
    bad: string[],
    options: SchedulerOptions = {},
  ): Promise<{ world: DurableWorld; replica: Replica }> {
    const here = await DurableWorld.in(database);
    const replica = await here.start({ providers: [Worker], options });
    for (const id of ['A', ...bad, 'z']) {
      await replica.scheduler.addJob({ id, trigger: every('1m'), handler: 'work', payload: { order: 7 } });
    }
    ran.length = 0;
    return { world: here, replica };
  }
  let revisions = 0;
  const move = ({ database: { kysely } }: DurableWorld, set: Partial<ScheduleTable>, id: string) =>
    kysely.updateTable('schedules').set(set).where('id', '=', id).execute();
  const spoil = async (here: DurableWorld, set: Partial<JobTable>, id = 'bad') => {
    await here.database.kysely.updateTable('jobs').set(set).where('id', '=', id).execute();
    // A row that was written has another revision, or a replica keeps what it read.
    await move(here, { revision: ++revisions }, id);
  };

  it('parks its job with the error, the others run, and a new trigger mends it', async () => {
    const ids = Object.keys(POISONS).toSorted();
    const { world: here, replica } = await world(ids);
    const { scheduler, events } = replica;
    const parkedEvents = () => events.flatMap((event) => (event.type === 'job.parked' ? [event.jobId] : []));
    for (const id of ids) await spoil(here, POISONS[id]!, id);
    await here.pass(MINUTE);

    expect(ran.toSorted()).toEqual(['A', 'z']);
    expect(parkedEvents().toSorted()).toEqual(ids);
    const parked = await scheduler.getJobs({ state: 'parked' });
    expect(parked.map(({ id }) => id).toSorted()).toEqual(ids);
    for (const job of parked) {
      expect(job, job.id).toMatchObject({ nextDueAt: null, alive: 0 });
      expect(job.parkedBecause, job.id).toMatch(/\S{3}/);
      expect(await scheduler.getJob(job.id)).toEqual(job);
    }
    // The tick that showed it has its outcome.
    const missed = await scheduler.getRuns({ outcome: 'missed' });
    expect(missed.map(({ jobId }) => jobId).toSorted()).toEqual(ids);
    for (const run of missed)
      expect(run).toMatchObject({ reason: 'parked', scheduledAt: new Date(begunAt + MINUTE) });

    await here.pass(MINUTE);
    expect(parkedEvents()).toHaveLength(ids.length);
    expect(ran.toSorted()).toEqual(['A', 'A', 'z', 'z']);

    for (const id of ids) {
      const mended = await scheduler.updateJob(id, { trigger: every('1m'), payload: { order: 8 } });
      expect(mended, id).toMatchObject({ state: 'active', parkedBecause: null, payload: { order: 8 } });
    }
    ran.length = 0;
    await here.pass(MINUTE);
    expect(ran.toSorted()).toEqual(['A', ...ids, 'z'].toSorted());
    expect(await scheduler.getRuns({ outcome: 'missed' })).toHaveLength(ids.length);
  });

  it('of a trigger is not mended by another edit, and a pause or a disabling does not finish it', async () => {
    const { world: here, replica } = await world(['bad']);
    const { scheduler } = replica;
    await spoil(here, { trigger_json: '{"type":' });
    await scheduler.pauseJob('bad');
    expect(await scheduler.resumeJob('bad')).toMatchObject({ state: 'parked' });
    expect(await scheduler.updateJob('bad', { overlap: 'allow' })).toMatchObject({ state: 'parked' });
    expect(await scheduler.updateJob('bad', { disabled: true })).toMatchObject({ state: 'disabled' });
    expect(await scheduler.updateJob('bad', { disabled: false })).toMatchObject({ state: 'parked' });
    const mended = await scheduler.updateJob('bad', { trigger: every('1m') });
    expect(mended).toMatchObject({ state: 'active', policies: { overlap: 'allow' } });
    await here.pass(MINUTE);
    expect(ran).toContain('bad');
  });

  it('of a payload or of policies is mended by them alone', async () => {
    const { world: here, replica } = await world(['bad']);
    const { scheduler } = replica;
    await spoil(here, { payload: '{"order":' });
    await here.pass(MINUTE);
    expect(await scheduler.getJob('bad')).toMatchObject({ state: 'parked', payload: undefined });
    expect(await scheduler.updateJob('bad', { payload: { order: 8 } })).toMatchObject({ state: 'active' });
    await here.pass(MINUTE);
    expect(ran).toContain('bad');
    await spoil(here, { policies: '{"overlap":7}' });
    await here.pass(MINUTE);
    expect(await scheduler.getJob('bad')).toMatchObject({ state: 'parked' });
    expect(await scheduler.updateJob('bad', { retry: 2 })).toMatchObject({ state: 'active' });
  });

  it('that nobody here has the handler for is left for a replica that has', async () => {
    const { world: here, replica } = await world(['bad']);
    await spoil(here, { handler: 'rendering' });
    await move(here, { handler: 'rendering' }, 'bad');
    await here.pass(2 * MINUTE);
    expect(ran.toSorted()).toEqual(['A', 'A', 'z', 'z']);
    expect(await replica.scheduler.getJob('bad')).toMatchObject({ state: 'active', handler: 'rendering' });
    const faults = replica.events.filter((event) => event.type === 'scheduler.faulted');
    expect(faults).toMatchObject([{ jobId: 'bad', error: { code: 'HANDLER_UNKNOWN' } }]);

    class Renderer {
      @JobHandler('rendering')
      render({ jobId }: RunContext): void {
        ran.push(`rendered ${jobId}`);
      }
    }
    const other = await here.start({ providers: [Renderer] });
    await here.pass(0);
    expect(ran).toContain('rendered bad');
    const runs = await other.scheduler.getRuns({ jobId: 'bad', outcome: 'succeeded' });
    expect(runs).toMatchObject([{ coalesced: 1 }]);
  });

  it('with instants at the end of time and beyond it stops nobody and can be read', async () => {
    const { world: here, replica } = await world(['bad', 'far']);
    const { scheduler } = replica;
    const last = new Date('9999-12-31T23:59:59Z');
    await scheduler.addJob({ id: 'last', trigger: at(last), handler: 'work' });
    expect((await scheduler.getJob('last'))!.nextDueAt).toEqual(last);
    // No Date can be made of this.
    const beyond = 8.64e15 + 1;
    await move(here, { due_at: beyond, next_tick_at: beyond }, 'bad');
    await move(here, { last_tick_at: beyond }, 'far');
    await spoil(here, { added_at: beyond }, 'far');
    await here.pass(2 * MINUTE);
    expect(ran.filter((id) => id === 'A' || id === 'z')).toHaveLength(4);
    expect(await scheduler.getJobs()).toHaveLength(5);
    expect(await scheduler.getRuns()).toBeInstanceOf(Array);
    for (const id of ['bad', 'far']) {
      await scheduler.updateJob(id, { trigger: every('1m') });
      ran.length = 0;
      await here.pass(MINUTE);
      expect(ran).toContain(id);
    }
  });

  it('of ten megabytes runs where such payloads are allowed, and the others with it', async () => {
    const { world: here, replica } = await world([], { maxPayload: 11_000_000 });
    const { scheduler } = replica;
    const payload = 'x'.repeat(10_000_000);
    await scheduler.addJob({ id: 'big', trigger: every('1m'), handler: 'work', payload });
    await here.pass(MINUTE);
    expect(ran.toSorted()).toEqual(['A', 'big', 'z']);
    expect((await scheduler.getJob('big'))!.payload).toBe(payload);
    expect(await scheduler.getRuns({ jobId: 'big' })).toMatchObject([{ outcome: 'succeeded' }]);
  });

  it('is removed as any other, and its id is free again', async () => {
    const { world: here, replica } = await world(['bad']);
    await spoil(here, { trigger_json: '{"type":', policies: 'x', payload: '{' });
    await here.pass(MINUTE);
    await replica.scheduler.removeJob('bad');
    expect(await replica.scheduler.getJob('bad')).toBeNull();
    await replica.scheduler.addJob({ id: 'bad', trigger: every('1m'), handler: 'work' });
    await here.pass(MINUTE);
    expect(ran.filter((id) => id === 'bad')).toEqual(['bad']);
  });
});
