// The examples of docs/guides/durable-jobs.md: compiled here, and run. quotes.spec.ts compares the regions.
import { VERSIONS } from '../../libs/scheduler-sql/src/migrations/versions.js';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Injectable, Module, type Type } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { IsString } from 'class-validator';
import Libsql from 'libsql';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  at,
  Cron,
  defineHandler,
  every,
  JobHandler,
  type RunContext,
  SchedulerModule,
  SchedulerService,
  type Store,
} from '@carillon/scheduler';
import { TimeMachine } from '@carillon/scheduler/testing';
import { migrate, postgresStore, sqliteStore } from '@carillon/sql';
import { read, section } from '../docs/pages.js';
import { hasServer, serverUrl } from '../servers/ask.js';

const PAGE = 'docs/guides/durable-jobs.md';
const START = '2027-01-04T12:00:00Z';
const folder = mkdtempSync(join(tmpdir(), 'carillon-guide-'));
process.env['JOBS_FILE'] = join(folder, 'jobs.db');
const opened: { close(): Promise<void> }[] = [];

afterEach(async () => {
  for (const app of opened.splice(0)) await app.close();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const delivered: string[] = [];

// #region reminders
export class Reminder {
  @IsString()
  about!: string;
}
export const remind = defineHandler('remind', Reminder);

@Injectable()
export class Reminders {
  constructor(private readonly scheduler: SchedulerService) {}

  add(about: string, when: Date) {
    return this.scheduler.addJob({ trigger: at(when), handler: remind, payload: { about } });
  }

  @JobHandler(remind)
  deliver(run: RunContext<Reminder>) {
    delivered.push(run.payload.about);
  }
}
// #endregion

// #region one-line
@Module({
  imports: [SchedulerModule.forRoot({ store: sqliteStore(process.env.JOBS_FILE ?? 'jobs.db') })],
  providers: [Reminders],
})
export class AppModule {}
// #endregion

/** A process of the application, in a time that the test moves. */
async function start(module: Type | object, startAt = START) {
  const time = new TimeMachine(startAt);
  const builder = Test.createTestingModule({ imports: [module as Type] });
  const testing = await time.steer(builder, { keepStore: true }).compile();
  const app = testing.createNestApplication({ logger: false });
  await app.init();
  opened.push(app);
  return { app, time, scheduler: app.get(SchedulerService) };
}

/** Another version of the code, with a store of the same place. */
function version(store: Store, ...providers: Type[]): object {
  return { module: class Version {}, imports: [SchedulerModule.forRoot({ store })], providers };
}

it('a reminder is there after a restart, and is late rather than lost', async () => {
  const before = await start(AppModule);
  await before.app.get(Reminders).add('the cake', new Date('2027-01-04T13:00:00Z'));
  await before.app.close();
  // The application is down when it falls due. The module's own store is of one application: here is another.
  const again = version(sqliteStore(process.env['JOBS_FILE']!), Reminders);
  const after = await start(again, '2027-01-04T13:30:00Z');
  await after.time.drain();
  expect(delivered).toEqual(['the cake']);
  expect(await after.scheduler.getRuns()).toMatchObject([{ outcome: 'succeeded', latenessMs: 1_800_000 }]);
});

describe('a deployment', () => {
  @Injectable()
  class First {
    @Cron('0 9 * * *', { id: 'digest', timezone: 'UTC' })
    digest() {}

    @Cron('0 10 * * *', { timezone: 'UTC' })
    oldName() {}
  }

  @Injectable()
  class Second {
    @Cron('0 8 * * *', { id: 'digest', timezone: 'UTC' })
    digest() {}

    @Cron('0 10 * * *', { timezone: 'UTC' })
    newName() {}
  }

  it('of a changed cron changes the job, and a renamed method is another job whose old one is an orphan', async () => {
    const file = join(folder, 'deployed.db');
    const first = await start(version(sqliteStore(file), First));
    await first.app.close();
    const { scheduler, time } = await start(version(sqliteStore(file), Second));
    await time.advance('1s');
    expect(await scheduler.getJob('digest')).toMatchObject({ nextDueAt: new Date('2027-01-05T08:00:00Z') });
    expect(await scheduler.getJobs({ state: 'orphaned' })).toMatchObject([{ id: 'First.oldName' }]);
    expect(await scheduler.getJob('Second.newName')).toMatchObject({ state: 'active' });
    await scheduler.removeJob('First.oldName');
    await expect(scheduler.removeJob('digest')).rejects.toMatchObject({ code: 'JOB_IS_DECLARED' });
    expect((await scheduler.getJobs()).map(({ id }) => id)).toEqual(['Second.newName', 'digest']);
  });
});

/** What the queries of the page are to find. */
@Injectable()
class Various {
  @JobHandler('succeeds')
  succeeds() {}

  @JobHandler('fails')
  fails() {
    throw new Error('no paper');
  }

  @JobHandler('hangs')
  hangs() {
    return new Promise(() => {});
  }
}

async function populate(store: Store) {
  const { time, scheduler } = await start(version(store, Various));
  for (const handler of ['succeeds', 'fails', 'hangs'])
    await scheduler.addJob({ id: handler, trigger: every('1h'), handler });
  await time.advance('3h');
}

/** The SQL blocks under a heading, by what the comment in their first line says. */
async function queriesUnder(heading: string): Promise<Map<string, string>> {
  const blocks = section(await read(PAGE), heading).matchAll(/```sql\n-- (.*?)\n(.*?)```/gs);
  return new Map([...blocks].map(([, title, text]) => [title!, text!]));
}

/** By the titles of the queries. */
const FOUND = {
  'what is due next': [
    { id: 'fails', handler: 'fails', state: 'active', due: expect.stringMatching(/^2027-01-04 16:00:00/) },
    { id: 'hangs' },
    { id: 'succeeds' },
  ],
  'what runs now, and where': [
    { job_id: 'hangs', attempt: 1, holder: expect.any(String), started: expect.stringContaining('13:00:00') },
  ],
  "last night's failures": [
    { job_id: 'fails', tick: expect.stringContaining('15:00:00'), error: 'no paper' },
    { tick: expect.stringContaining('14:00:00') },
    { tick: expect.stringContaining('13:00:00') },
  ],
  'how the ticks of each job ended': [
    { job_id: 'fails', outcome: 'failed', reason: null, ticks: 3 },
    { job_id: 'hangs', outcome: 'skipped', reason: 'overlap', ticks: 2 },
    { job_id: 'succeeds', outcome: 'succeeded', reason: null, ticks: 3 },
  ],
  'which processes live': [{ id: expect.any(String), beat: expect.stringContaining('2027-01-04') }],
};

type Ask = (query: string) => unknown[] | Promise<unknown[]>;

/** What the queries under a heading answer. */
async function answersUnder(heading: string, ask: Ask): Promise<Record<string, unknown[]>> {
  const answers: Record<string, unknown[]> = {};
  for (const [title, query] of await queriesUnder(heading)) answers[title] = await ask(query);
  return answers;
}

it('the queries for SQLite find what they say', async () => {
  const file = join(folder, 'queried.db');
  await populate(sqliteStore(file));
  const handle = new Libsql(file);
  const answers = await answersUnder('In SQLite', (query) => handle.prepare(query).all());
  expect(answers).toMatchObject(FOUND);
  handle.close();
});

describe.runIf(await hasServer('postgres'))('on PostgreSQL', () => {
  const name = `guide_${process.pid}`;
  let url: string;
  let admin: pg.Client;
  let pool: pg.Pool;
  beforeAll(async () => {
    const server = await serverUrl('postgres');
    admin = new pg.Client(server);
    await admin.connect();
    await admin.query(`create database ${name}`);
    url = Object.assign(new URL(server), { pathname: `/${name}` }).href;
    pool = new pg.Pool({ connectionString: url });
    // Its end does not wait for its connections, which dropping the database then terminates.
    pool.on('error', () => undefined);
  });
  afterAll(async () => {
    await pool.end();
    await admin.query(`drop database ${name} with (force)`);
    await admin.end();
  });

  it('the queries find what they say', async () => {
    await populate(postgresStore(url));
    const answers = await answersUnder('In PostgreSQL', async (query) => {
      const { rows } = await pool.query<object>(query);
      return rows.map((row) => JSON.parse(JSON.stringify(row), plain) as unknown);
    });
    expect(answers).toMatchObject(FOUND);
  });

  it('an order and its reminder exist together, or not at all', async () => {
    const { scheduler } = await start(version(postgresStore(url), Reminders));
    await pool.query('create table orders (id int primary key)');

    // #region transaction
    async function order(id: number, remindAt: Date) {
      const client = await pool.connect();
      try {
        await client.query('begin');
        const trigger = at(remindAt);
        const payload = { about: `order ${id}` };
        await scheduler.addJob({ id: `order-${id}`, trigger, handler: remind, payload, transaction: client });
        await client.query('insert into orders values ($1)', [id]);
        await client.query('commit');
      } catch (error) {
        await client.query('rollback');
        throw error;
      } finally {
        client.release();
      }
    }
    // #endregion

    const later = new Date('2027-01-05T12:00:00Z');
    await order(1, later);
    expect(await scheduler.getJob('order-1')).toMatchObject({ nextDueAt: later });
    await scheduler.removeJob('order-1');
    await expect(order(1, later)).rejects.toThrow('duplicate key');
    expect(await scheduler.getJob('order-1')).toBeNull();
  });

  it('a write with the token of an attempt that was taken over changes nothing', async () => {
    await pool.query('create table reports (run_id text primary key, total int, token bigint)');

    // #region fenced
    async function saveReport(run: RunContext, total: number) {
      const { rowCount } = await pool.query(
        `insert into reports (run_id, total, token) values ($1, $2, $3)
         on conflict (run_id) do update set total = excluded.total, token = excluded.token
         where reports.token <= excluded.token`,
        [run.id, total, run.token],
      );
      if (rowCount === 0) throw new Error('Another process has taken this run over.');
    }
    // #endregion

    const attempt = (token: number) => ({ id: 'run', token }) as RunContext;
    await saveReport(attempt(1), 10);
    await saveReport(attempt(2), 20);
    await expect(saveReport(attempt(1), 11)).rejects.toThrow('taken this run over');
    expect((await pool.query('select total, token from reports')).rows).toEqual([{ total: 20, token: '2' }]);
  });

  it('the tables are made by hand where the application may not', async () => {
    const options = { schema: 'by_hand' };
    const app = start(version(postgresStore(url, { ...options, migrate: false }), Reminders));
    await expect(app).rejects.toMatchObject({ code: 'SCHEMA_OUTDATED' });

    const DATABASE_URL = url;
    // #region migrate
    const store = postgresStore(DATABASE_URL, { schema: 'by_hand' });
    const done = await migrate(store);
    // #endregion
    expect(done).toEqual(VERSIONS);
    await start(version(postgresStore(url, { ...options, migrate: false }), Reminders));
  });
});

/** Big numbers arrive as text, and instants as JSON writes them. */
function plain(_key: string, value: unknown): unknown {
  if (typeof value !== 'string') return value;
  if (/^\d+$/.test(value)) return Number(value);
  return /^\d{4}-.*Z$/.test(value) ? value.replace('T', ' ') : value;
}
