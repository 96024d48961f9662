import { afterEach, describe, expect, it } from 'vitest';
import { SchedulerError, StoreUnavailableError } from '@carillon/scheduler';
import { mysqlStore, postgresStore } from '@carillon/sql';
import { type Claim, every, type LeasedStore, readPolicies } from '@carillon/scheduler/store';
import { type Lost, TcpProxy } from '../../cluster/tcp-proxy.js';
import { eachDatabase, type ScratchDatabase, type TestDatabase } from '../../servers/each-database.js';

const LEASE_MS = 3_000;
const PATIENCE = 60_000;
const GROUP = 'calls';

const later = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
const elapsed = () => performance.now();

/** Opens a store of a replica by this URL. */
async function openStore(
  { kind }: TestDatabase,
  scratch: ScratchDatabase,
  url: string,
  replica = 'a',
): Promise<LeasedStore> {
  const options = { ...scratch.options, lease: LEASE_MS, poll: 500 };
  const store = kind === 'postgres' ? postgresStore(url, options) : mysqlStore(url, options);
  await store.open({
    replica,
    concurrency: { whole: null, groups: { [GROUP]: 1 } },
    handlers: () => ['work'],
    onHint: () => undefined,
  });
  return store;
}

const put = (store: LeasedStore, id: string, now: number, group: string | null = null) =>
  store.putJob(
    {
      id,
      trigger: every('1s').bind({ jobId: id, anchorAt: now }),
      handler: 'work',
      payload: undefined,
      policies: readPolicies(group === null ? {} : { group }),
      origin: 'added',
      disabled: false,
    },
    'error',
    now,
  );

const servers = eachDatabase.filter(([, { kind }]) => kind !== 'sqlite');

describe.each(servers)('a connection to %s that neither responds nor closes', (_, database) => {
  const closing: (() => Promise<unknown> | void)[] = [];
  afterEach(async () => {
    for (const close of closing.splice(0).toReversed()) await close();
  });

  async function world(): Promise<{ store: LeasedStore; proxy: TcpProxy; scratch: ScratchDatabase }> {
    const scratch = await database.scratch();
    closing.push(() => scratch.drop());
    const proxy = await TcpProxy.before(scratch.url);
    closing.push(() => proxy.close());
    return { scratch, proxy, store: await openStore(database, scratch, proxy.url) };
  }

  it.each<Lost>(['everything', 'requests', 'responses'])(
    'fails its statement within the deadline when %s are lost, and is not used again',
    async (lost) => {
      const { store, proxy } = await world();
      closing.push(async () => store.close(0));
      await put(store, 'job', 0);
      proxy.silence(lost);
      const startedAt = elapsed();
      await expect(async () => store.getJob('job')).rejects.toBeInstanceOf(StoreUnavailableError);
      expect(elapsed() - startedAt).toBeLessThan(LEASE_MS / 2);
      // The pool may have had several.
      for (let tried = 0; tried < 10; tried++) {
        const job = await Promise.resolve(store.getJob('job')).catch(() => null);
        if (job !== null) return;
      }
      expect.unreachable('the store did not find a connection that works');
    },
    PATIENCE,
  );

  it(
    'holds up verbs and close() for a bounded time while new connections are silent, too, and heals',
    async () => {
      const { store, proxy } = await world();
      proxy.silences = 'everything';
      proxy.silence();
      const results = await Promise.allSettled([
        store.getJob('job'),
        store.claimDue({ now: 1_000, limit: 10 }),
        put(store, 'other', 0),
        store.time(),
      ]);
      for (const result of results)
        expect(result).toMatchObject({ status: 'rejected', reason: expect.any(StoreUnavailableError) });
      proxy.heal();
      await expect.poll(() => Promise.resolve(store.getJob('job')).catch(() => 'fails')).toBeNull();
      proxy.silences = 'everything';
      proxy.silence();
      const pending = Promise.resolve(store.listJobs({})).catch((error: unknown) => error);
      const startedAt = elapsed();
      await Promise.resolve(store.close(0)).catch(() => undefined);
      expect(elapsed() - startedAt).toBeLessThan(LEASE_MS + 1_000);
      expect(await pending).toBeInstanceOf(SchedulerError);
    },
    PATIENCE,
  );

  it(
    'in a claim that has locked a group holds up no other replica for longer than a lease',
    async () => {
      const { store, proxy, scratch } = await world();
      const healthy = await openStore(database, scratch, scratch.url, 'b');
      closing.push(async () => healthy.close(0));
      closing.push(() => Promise.resolve(store.close(0)).catch(() => undefined));
      await put(healthy, 'plain', 0);
      await put(healthy, 'grouped', 0, GROUP);
      // Right after the lock is sent: the server has it, and nobody hears of it.
      let isCut = false;
      proxy.onRequest = (text) => {
        if (isCut || !/groups.*for update/is.test(text)) return;
        isCut = true;
        setTimeout(() => proxy.silence('everything'), 1);
        proxy.silence('responses');
      };
      const claiming = Promise.resolve(store.claimDue({ now: 1_000, limit: 10 })).catch(
        (error: unknown) => error,
      );
      await expect.poll(() => isCut).toBe(true);
      await later(50);

      const startedAt = elapsed();
      const { claims, lookAgainAt } = await healthy.claimDue({ now: 1_000, limit: 10 });
      expect(elapsed() - startedAt).toBeLessThan(LEASE_MS / 3);
      expect(claims.map(({ jobId }) => jobId)).toEqual(['plain']);
      expect(lookAgainAt).toBe(1_050);
      const grouped: Claim[] = [];
      while (grouped.length === 0 && elapsed() - startedAt < 2 * LEASE_MS) {
        grouped.push(...(await healthy.claimDue({ now: 1_000, limit: 10 })).claims);
        await later(50);
      }
      expect(grouped.map(({ jobId }) => jobId)).toEqual(['grouped']);
      expect(elapsed() - startedAt).toBeLessThan(LEASE_MS);
      expect(await claiming).toBeInstanceOf(StoreUnavailableError);
    },
    PATIENCE,
  );
});
