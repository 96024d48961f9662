import Libsql from 'libsql';
import mysql from 'mysql2/promise';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SqlStore } from '../../../libs/scheduler-sql/src/sql-store.js';
import { readPolicies } from '../../../libs/scheduler/src/model/index.js';
import type { JobPut } from '../../../libs/scheduler/src/ports/index.js';
import { every } from '../../../libs/scheduler/src/timing/index.js';
import { eachDatabase, type ScratchDatabase } from '../../servers/each-database.js';

const NOW = Date.UTC(2026, 5, 1, 12);
const OPTIONS = { leaseMs: 120_000, pollMs: 5_000, retention: { ageMs: null, perJob: null } };

const put = (id: string, payload: string, ifTaken: JobPut['ifTaken'] = 'error'): JobPut => ({
  ifTaken,
  spec: {
    id,
    payload,
    trigger: every('10s').bind({ jobId: id, timezone: 'UTC', anchorAt: NOW }),
    handler: 'work',
    policies: readPolicies({}),
    origin: 'added',
    disabled: false,
  },
});
const ids = Array.from({ length: 40 }, (_, index) => `job ${index}`);

describe.each(eachDatabase)('many jobs in one call, on %s', (_, { kind, scratch: makeScratch }) => {
  let scratch: ScratchDatabase;
  let stores: SqlStore[];
  beforeEach(async () => {
    scratch = await makeScratch();
    stores = await Promise.all(['a', 'b', 'c'].map(open));
  });
  afterEach(async () => {
    for (const store of stores) await store.close();
    await scratch.drop();
  });

  async function open(replica: string): Promise<SqlStore> {
    const store = new SqlStore({ options: OPTIONS, connect: () => scratch.open() });
    const concurrency = { whole: null, groups: {} };
    await store.open({ replica, concurrency, handlers: () => ['work'], onHint: () => {} });
    return store;
  }

  const payloads = async (): Promise<unknown[]> =>
    (await stores[0]!.listJobs({})).map(({ payload }) => payload);

  it('calls at once for the same ids add those of one of them, whatever their order', async () => {
    for (let round = 0; round < 5; round++) {
      const name = (id: string): string => `${id} of round ${round}`;
      const orders = [ids, ids.toReversed(), [...ids.slice(20), ...ids.slice(0, 20)]];
      const results = await Promise.all(
        orders.map((order, index) =>
          stores[index]!.putJobs(
            order.map((id) => put(name(id), `${round} ${index}`)),
            NOW,
          ),
        ),
      );
      const winner = results.findIndex(({ taken }) => taken.length === 0);
      expect(results.map(({ taken, puts }) => [taken.length, puts.length])).toEqual(
        results.map((_result, index) => (index === winner ? [0, 40] : [40, 0])),
      );
      const stored = (await payloads()).filter((text) => (text as string).startsWith(`${round} `));
      expect(stored).toEqual(ids.map(() => `${round} ${winner}`));
    }
  });

  it('a call beside others that add some of its ids adds all or none', async () => {
    for (let round = 0; round < 5; round++) {
      const singles = [3, 17, 31].map((index) => `${ids[index]!} of round ${round}`);
      const many = ids.map((id) => put(`${id} of round ${round}`, 'many'));
      const [bulk, ...ones] = await Promise.all([
        stores[0]!.putJobs(many, NOW),
        ...singles.map((id) => stores[1]!.putJob(put(id, 'one').spec, 'error', NOW)),
      ]);
      const added = ones.filter(({ change }) => change === 'created').length;
      expect([bulk.taken.length > 0, bulk.puts.length]).toEqual(added > 0 ? [true, 0] : [false, 40]);
      const stored = (await stores[0]!.listJobs({})).filter(({ id }) => id.endsWith(` ${round}`));
      expect(stored.length).toBe(added > 0 ? added : 40);
    }
  });

  it('calls at once that replace the same ids take effect one after the other', async () => {
    const results = await Promise.all(
      [ids, ids.toReversed(), ids].map((order, index) =>
        stores[index]!.putJobs(
          order.map((id) => put(id, `by ${index}`, 'replace')),
          NOW,
        ),
      ),
    );
    const changes = results.flatMap(({ puts }) => puts.map(({ change }) => change));
    expect(changes.filter((change) => change === 'created').length).toBe(40);
    expect(changes.filter((change) => change === 'changed').length).toBe(80);
    expect(new Set(await payloads()).size).toBe(1);
  });

  it('jobs put in the transaction of a user exist once it is committed', async () => {
    const [store] = stores as [SqlStore];
    const user = await connect(kind, scratch.url);
    for (const end of ['rollback', 'commit'] as const) {
      await user.run('begin');
      const result = await store.putJobs(
        ids.map((id) => put(id, end)),
        NOW,
        user.transaction,
      );
      expect(result.puts.length).toBe(40);
      expect(await store.listJobs({})).toEqual([]);
      await user.run(end);
      expect(await payloads()).toEqual(end === 'commit' ? ids.map(() => 'commit') : []);
    }
    await user.run('begin');
    const again = [put('new', 'new'), ...ids.map((id) => put(id, 'again'))];
    expect((await store.putJobs(again, NOW, user.transaction)).taken).toEqual(ids);
    await user.run('commit');
    expect(await payloads()).toEqual(ids.map(() => 'commit'));
    await user.close();
  });
});

interface User {
  transaction: unknown;
  run(text: string): unknown;
  close(): unknown;
}

/** A connection of the user's own. */
async function connect(kind: 'sqlite' | 'postgres' | 'mysql', url: string): Promise<User> {
  if (kind === 'postgres') {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    return { transaction: client, run: (text) => client.query(text), close: () => client.end() };
  }
  if (kind === 'mysql') {
    const connection = await mysql.createConnection(url);
    return {
      transaction: connection,
      run: (text) => connection.query(text),
      close: () => connection.end(),
    };
  }
  const file = new Libsql(url);
  return { transaction: file, run: (text) => file.exec(text), close: () => file.close() };
}
