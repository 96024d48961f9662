import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { sql } from 'kysely';
import { describe, expect, it, onTestFinished } from 'vitest';
import { every, JobHandler, type RunContext, StoreUnavailableError } from '@carillon/scheduler';
import type { Database } from '../../../libs/scheduler-sql/src/driver/database.js';
import { START } from '../../nest/testing-app.js';
import { eachDatabase } from '../../servers/each-database.js';
import { DurableWorld, type Replica } from './durable-world.js';

/** Between two beats: each would wait for a lock. */
const begunAt = new Date(START).getTime() + 2_500;
const MINUTE = 60_000;

const ran: (Date | null)[] = [];
class Worker {
  @JobHandler('work')
  work({ scheduledAt }: RunContext): void {
    ran.push(scheduledAt);
  }
}

/** What the file's world does to the store; each answers how to end it. */
type Harm = (store: Database, world: DurableWorld) => Promise<() => Promise<unknown>>;

const HARMS: Record<string, { error: RegExp; downForMs: number; harm: Harm }> = {
  'a full disk': {
    error: /full/,
    downForMs: 2 * MINUTE,
    harm: async ({ kysely }) => {
      // The file has no free page and may not grow by one: as a disk that is full, whatever else is on it.
      await sql`vacuum`.execute(kysely);
      await sql`pragma max_page_count = 1`.execute(kysely);
      return () => sql`pragma max_page_count = 1000000`.execute(kysely);
    },
  },
  'a database that has become read-only': {
    error: /readonly/,
    downForMs: 2 * MINUTE,
    harm: async ({ kysely }) => {
      await sql`pragma query_only = on`.execute(kysely);
      return () => sql`pragma query_only = off`.execute(kysely);
    },
  },
  'a database that another process has locked': {
    error: /locked/,
    downForMs: 1_000,
    harm: async (_, { scratch }) => {
      const locker = await lock(scratch.url);
      return async () => {
        locker.send('unlock');
        await once(locker, 'exit');
      };
    },
  },
};

/** A process that holds the write lock. */
async function lock(file: string): Promise<ChildProcess> {
  const locker = fork(fileURLToPath(new URL('lock-file.mjs', import.meta.url)), [file]);
  onTestFinished(() => void locker.kill());
  await once(locker, 'message');
  return locker;
}

describe.each(eachDatabase.filter(([, { kind }]) => kind === 'sqlite'))('%s', (_, database) => {
  async function world(): Promise<{ here: DurableWorld; replica: Replica; store: Database }> {
    const here = await DurableWorld.in(database);
    let store!: Database;
    const replica = await here.start({
      providers: [Worker],
      connect: async () => (store = await here.scratch.open()),
    });
    ran.length = 0;
    await here.pass(2_500);
    return { here, replica, store };
  }

  it.each(Object.entries(HARMS))(
    'says that the store is down in %s, stays able to read, and loses no tick',
    async (_name, { error, harm, downForMs }) => {
      const { here, replica, store } = await world();
      const { scheduler, events, lines } = replica;
      // More than the free pages of the file have room for.
      const payload = 'x'.repeat(100_000);
      await scheduler.addJob({ id: 'job', trigger: every('1m'), handler: 'work', coalesce: 'all', payload });
      await here.pass(2 * MINUTE - 1_000);
      expect(ran).toEqual([new Date(begunAt + MINUTE)]);

      const end = await harm(store, here);
      // A lock is waited for in real time, at each try.
      await here.pass(downForMs);
      expect(scheduler.health()).toMatchObject({ healthy: false, storeDownSince: expect.any(Date) });
      const down = events.filter((event) => event.type === 'store.down');
      expect(down).toHaveLength(1);
      expect(down[0]!.error).toBeInstanceOf(StoreUnavailableError);
      expect(String((down[0]!.error as Error).cause)).toMatch(error);
      expect(lines.find(({ text }) => /does not answer/.test(text))).toMatchObject({ level: 'error' });
      expect(await scheduler.getJobs()).toHaveLength(1);

      await end();
      await here.pass(10_000);
      expect(scheduler.health()).toMatchObject({ healthy: true, storeDownSince: null });
      expect(events.filter(({ type }) => type === 'store.up')).toHaveLength(1);
      await here.pass(begunAt + 5 * MINUTE - here.clock.now());
      const minutes = [1, 2, 3, 4, 5].map((n) => new Date(begunAt + n * MINUTE));
      expect(ran).toEqual(minutes);
      const runs = await scheduler.getRuns({ jobId: 'job' });
      expect(runs.map(({ scheduledAt, outcome }) => [scheduledAt, outcome])).toEqual(
        minutes.toReversed().map((minute) => [minute, 'succeeded']),
      );
    },
  );

  it('records what a run did once the disk has room again', async () => {
    const { here, replica, store } = await world();
    const { scheduler } = replica;
    let finish!: () => void;
    const finished = new Promise<void>((resolve) => (finish = resolve));
    class Slow {
      @JobHandler('slow')
      slow(): Promise<void> {
        return finished;
      }
    }
    const other = await here.start({ providers: [Slow], connect: async () => store });
    await other.scheduler.addJob({ id: 'slow', trigger: every('1h'), handler: 'slow' });
    await here.during(other.scheduler.runNow('slow'));
    await here.pass(0);
    expect(await scheduler.getRuns({ jobId: 'slow' })).toMatchObject([{ state: 'running' }]);
    const end = await HARMS['a database that has become read-only']!.harm(store, here);
    finish();
    await here.pass(5_000);
    expect(await scheduler.getRuns({ jobId: 'slow' })).toMatchObject([{ state: 'running' }]);
    await end();
    await here.pass(5_000);
    expect(await scheduler.getRuns({ jobId: 'slow' })).toMatchObject([
      { state: 'ended', outcome: 'succeeded', attempt: 1 },
    ]);
  });
});
