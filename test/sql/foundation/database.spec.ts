import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Database } from '../../../libs/scheduler-sql/src/driver/database.js';
import { eachDatabase, type ScratchDatabase } from '../../servers/each-database.js';
import { jobRow, NOW, runRow, scheduleRow } from './rows.js';

describe.each(eachDatabase)('%s', (_, { kind, scratch: newScratch }) => {
  let scratch: ScratchDatabase;
  let database: Database;
  beforeEach(async () => {
    scratch = await newScratch();
    database = await scratch.open();
  });
  afterEach(() => scratch.drop());

  const runs = () => database.kysely.selectFrom('live_runs').selectAll().orderBy('id').execute();

  describe('bulk statements', () => {
    it('store rows as they are: quotes, emoji, 64-bit numbers, nulls', async () => {
      const job = jobRow({
        id: `it's "quoted" \\ \`x\` 🕰 ${'é'.repeat(100)}`,
        payload: JSON.stringify({ text: '\u0000 \ud800 \n \\', deep: [null, 'ü'] }),
        pause_note: 'null',
        pause_first_tick: -62_135_596_800_000,
        version: Number.MAX_SAFE_INTEGER,
      });
      expect(await database.dialect.insertMany(database.kysely, { table: 'jobs', rows: [job] })).toEqual([
        job.id,
      ]);
      expect(await database.kysely.selectFrom('jobs').selectAll().execute()).toEqual([job]);
    });

    it('leave out a row whose tick has one already, and tell which are new', async () => {
      const insert = (...ids: [string, number][]) =>
        database.dialect.insertMany(database.kysely, {
          table: 'live_runs',
          rows: ids.map(([id, tick]) => runRow({ id, scheduled_at: tick })),
        });
      expect(await insert(['a', 1], ['b', 2])).toEqual(['a', 'b']);
      expect(await insert(['c', 2], ['d', 3])).toEqual(['d']);
      expect((await runs()).map(({ id, scheduled_at }) => [id, scheduled_at])).toEqual([
        ['a', 1],
        ['b', 2],
        ['d', 3],
      ]);
    });

    it('let any number of runs have no tick', async () => {
      const rows = ['a', 'b'].map((id) => runRow({ id, scheduled_at: null }));
      expect(await database.dialect.insertMany(database.kysely, { table: 'live_runs', rows })).toEqual([
        'a',
        'b',
      ]);
    });

    it('change the rows that fit, each in its own way, and tell which', async () => {
      const rows = ['a', 'b', 'c', 'A'].map((id, index) =>
        runRow({ id, scheduled_at: index, token: 5, holder: 'me', result: 'old' }),
      );
      await database.dialect.insertMany(database.kysely, { table: 'live_runs', rows });
      const changed = await database.kysely.transaction().execute((transaction) =>
        database.dialect.updateMany(transaction, {
          table: 'live_runs',
          rows: [
            { where: { id: 'a', token: 5, holder: 'me' }, set: { token: 6, ended_at: NOW, result: null } },
            { where: { id: 'b', token: 4, holder: 'me' }, set: { token: 6, ended_at: NOW, result: 'lost' } },
            { where: { id: 'c', token: 5, holder: 'ME' }, set: { token: 6, ended_at: NOW, result: 'lost' } },
            {
              where: { id: 'gone', token: 5, holder: 'me' },
              set: { token: 6, ended_at: NOW, result: 'lost' },
            },
          ],
        }),
      );
      expect(changed).toEqual(['a']);
      expect((await runs()).map(({ id, token, ended_at, result }) => [id, token, ended_at, result])).toEqual([
        ['A', 5, null, 'old'],
        ['a', 6, NOW, null],
        ['b', 5, null, 'old'],
        ['c', 5, null, 'old'],
      ]);
    });

    it('tell which rows are new or there also inside a transaction, which goes on', async () => {
      const rows = ['a', 'b'].map((id, tick) => runRow({ id, scheduled_at: tick }));
      await database.dialect.insertMany(database.kysely, { table: 'live_runs', rows: rows.slice(0, 1) });
      const answers = await database.transaction(async (trx) => [
        await database.dialect.insertMany(trx, { table: 'live_runs', rows }),
        await database.dialect.updateMany(trx, {
          table: 'live_runs',
          rows: ['a', 'gone'].map((id) => ({ where: { id }, set: { result: 'new' } })),
        }),
        await database.dialect.updateMany(trx, {
          table: 'live_runs',
          rows: ['a', 'b'].map((id) => ({ where: { id }, set: { result: 'new' } })),
        }),
      ]);
      expect(answers.map((ids) => ids.toSorted())).toEqual([['b'], ['a'], ['a', 'b']]);
      expect((await runs()).map(({ id, result }) => [id, result])).toEqual([
        ['a', 'new'],
        ['b', 'new'],
      ]);
    });

    it('keep text of which a character was cut in two readable', async () => {
      const row = jobRow({
        id: 'a',
        parked_because: 'cut \ud83d',
        pause_note: 'an 😀',
        payload: '"\\ud83d"',
      });
      await database.dialect.insertMany(database.kysely, { table: 'jobs', rows: [row] });
      const expected = { ...row, parked_because: 'cut \ufffd' };
      expect(await database.kysely.selectFrom('jobs').selectAll().execute()).toEqual([expected]);
      const rows = [{ where: { id: 'a' }, set: { pause_note: '\udc00 cut' } }];
      expect(await database.dialect.updateMany(database.kysely, { table: 'jobs', rows })).toEqual(['a']);
      const [changed] = await database.kysely.selectFrom('jobs').selectAll().execute();
      expect(changed!.pause_note).toBe('\ufffd cut');
    });

    it('do nothing for no rows', async () => {
      expect(await database.dialect.insertMany(database.kysely, { table: 'live_runs', rows: [] })).toEqual(
        [],
      );
      expect(await database.dialect.updateMany(database.kysely, { table: 'live_runs', rows: [] })).toEqual(
        [],
      );
    });

    it('carry ten thousand rows, and a payload of 5 MB', async () => {
      const rows = Array.from({ length: 10_000 }, (__, tick) =>
        runRow({ id: `run ${tick}`, scheduled_at: tick }),
      );
      rows[0]!.payload = JSON.stringify('x'.repeat(5_000_000));
      expect(await database.dialect.insertMany(database.kysely, { table: 'live_runs', rows })).toHaveLength(
        10_000,
      );
      const changed = await database.kysely.transaction().execute((transaction) =>
        database.dialect.updateMany(transaction, {
          table: 'live_runs',
          rows: rows.map(({ id }) => ({ where: { id }, set: { state: 'ended', holds_slot: 0 } })),
        }),
      );
      expect(changed).toHaveLength(10_000);
    });
  });

  it('finds values of a list, and nothing by an empty one', async () => {
    const rows = ['a', "b'", 'c'].map((id, tick) => runRow({ id, scheduled_at: tick }));
    await database.dialect.insertMany(database.kysely, { table: 'live_runs', rows });
    const find = async (values: string[]) => {
      const query = database.kysely
        .selectFrom('live_runs')
        .select('id')
        .where(database.dialect.isOneOf('id', values));
      return (await query.orderBy('id').execute()).map(({ id }) => id);
    };
    expect(await find(["b'", 'c', 'x'])).toEqual(["b'", 'c']);
    expect(await find([])).toEqual([]);
  });

  it('tells the time to the millisecond', async () => {
    const before = Date.now();
    const now = await database.dialect.now(database.kysely);
    expect(Number.isSafeInteger(now)).toBe(true);
    expect(Math.abs(now - before)).toBeLessThan(60_000);
  });

  it('knows the error of a table that is missing', async () => {
    const error: unknown = await sql`select * from nowhere_at_all`
      .execute(database.kysely)
      .catch((e: unknown) => e);
    expect(database.dialect.kindOf(error)).toBe('missing');
  });

  it('rolls back what throws', async () => {
    const failing = database.kysely.transaction().execute(async (transaction) => {
      await transaction
        .insertInto('jobs')
        .values(jobRow({ id: 'a' }))
        .execute();
      throw new Error('on purpose');
    });
    await expect(failing).rejects.toThrow('on purpose');
    expect(await database.kysely.selectFrom('jobs').selectAll().execute()).toEqual([]);
  });

  it('carries out nothing of a transaction after a statement that failed', async () => {
    const row = jobRow({ id: 'a' });
    let results: PromiseSettledResult<unknown>[] = [];
    const failing = database.transaction(async (transaction) => {
      const bad = { ...row, id: null as unknown as string };
      const first = database.dialect.insertMany(transaction, { table: 'jobs', rows: [bad] });
      const second = database.dialect.insertMany(transaction, { table: 'jobs', rows: [row] });
      results = await Promise.allSettled([first, second]);
    });
    await failing.catch(() => undefined);
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(await database.kysely.selectFrom('jobs').selectAll().execute()).toEqual([]);
    // The connection goes on.
    await database.transaction((trx) => database.dialect.insertMany(trx, { table: 'jobs', rows: [row] }));
    expect(await database.kysely.selectFrom('jobs').selectAll().execute()).toEqual([row]);
  });

  it('keeps nothing of what is sent along with a statement that ends in a deadlock', async () => {
    if (!database.dialect.skipLocked) return;
    const rows = ['a', 'b', 'c', ...Array.from({ length: 20 }, (_one, index) => `x${index}`)].map((id) =>
      jobRow({ id }),
    );
    await database.dialect.insertMany(database.kysely, { table: 'jobs', rows });
    const other = await scratch.open();
    const handler = async (kysely: Database['kysely'], ids: string[], name: string) => {
      const changes = ids.map((id) => ({ where: { id }, set: { handler: name } }));
      await database.dialect.updateMany(kysely, { table: 'jobs', rows: changes });
    };
    const signal = () => {
      let give = (): void => undefined;
      return { given: new Promise<void>((resolve) => (give = resolve)), give: () => give() };
    };
    const [bothLocked, sent] = [signal(), signal()];
    const theirs = other.transaction(async (trx) => {
      // The server ends the transaction that has changed less.
      await handler(
        trx,
        rows.slice(3).map(({ id }) => id),
        'theirs',
      );
      await handler(trx, ['b'], 'theirs');
      bothLocked.give();
      await sent.given;
      await handler(trx, ['a'], 'theirs');
    });
    const mine = database.transaction(async (trx) => {
      await handler(trx, ['a'], 'mine');
      await bothLocked.given;
      const both = [handler(trx, ['b'], 'mine'), handler(trx, ['c'], 'mine')];
      sent.give();
      for (const end of await Promise.allSettled(both)) if (end.status === 'rejected') throw end.reason;
    });
    const [one, another] = await Promise.allSettled([mine, theirs]);
    const isMine = one.status === 'fulfilled';
    expect([one.status, another.status].toSorted()).toEqual(['fulfilled', 'rejected']);
    const found = await database.kysely
      .selectFrom('jobs')
      .select(['id', 'handler'])
      .where('id', 'in', ['a', 'b', 'c'])
      .orderBy('id')
      .execute();
    expect(found.map(({ handler: name }) => name)).toEqual(
      isMine ? ['mine', 'mine', 'mine'] : ['theirs', 'theirs', 'send'],
    );
    await other.close();
  });

  it('skips rows that another has locked, without a wait, where rows can be locked', async () => {
    expect(database.dialect.skipLocked).toBe(kind !== 'sqlite');
    if (!database.dialect.skipLocked) return;
    const rows = ['a', 'b'].map((id) => scheduleRow({ id }));
    await database.dialect.insertMany(database.kysely, { table: 'schedules', rows });
    const other = await scratch.open();
    const take = (kysely: Database['kysely'], limit: number) =>
      kysely
        .selectFrom('schedules')
        .select('id')
        .orderBy('due_at')
        .orderBy('id')
        .limit(limit)
        .forUpdate()
        .skipLocked();
    await database.kysely.transaction().execute(async (mine) => {
      expect(await take(mine, 1).execute()).toEqual([{ id: 'a' }]);
      await other.kysely.transaction().execute(async (theirs) => {
        expect(await take(theirs, 2).execute()).toEqual([{ id: 'b' }]);
      });
    });
  });

  it('runs inside a Kysely transaction of the user, numbers included', async () => {
    const undone = new Error('the order fails');
    const order = database.kysely.transaction().execute(async (theirs) => {
      const inside = database.within(theirs);
      await database.dialect.insertMany(inside, { table: 'jobs', rows: [jobRow({ id: 'a' })] });
      expect(await inside.selectFrom('jobs').selectAll().execute()).toEqual([jobRow({ id: 'a' })]);
      throw undone;
    });
    await expect(order).rejects.toBe(undone);
    expect(await database.kysely.selectFrom('jobs').selectAll().execute()).toEqual([]);
  });

  it.each([null, 'tx', 7, {}])('says what a transaction may be, given %s', (given) => {
    expect(() => database.within(given)).toThrow(/The option "transaction" cannot be/);
  });
});
