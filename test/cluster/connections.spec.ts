import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, type TestContext } from 'vitest';
import { eachDatabase } from '../servers/each-database.js';
import { Auditor, findFaults } from './audit.js';
import { Cluster, compileReplica } from './cluster.js';
import { numbers, randomJobs } from './random-jobs.js';
import type { StoreSettings } from './replica/store-of.js';
import { ROUNDS, SEED } from './sizes.js';
import { TcpProxy } from './tcp-proxy.js';

const PATIENCE = 120_000;

let replica: Awaited<ReturnType<typeof compileReplica>>;
beforeAll(async () => {
  replica = await compileReplica();
}, PATIENCE);
afterAll(() => replica?.remove());

const later = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
const servers = eachDatabase.filter(([, { kind }]) => kind !== 'sqlite');

interface Disturbed {
  world: Cluster;
  proxy: TcpProxy;
  /** The server itself, for who disturbs it. */
  serverUrl: string;
  endAt: Date;
}

describe.concurrent.each(servers)('a network that fails, before %s', (_name, database) => {
  /** Two replicas behind the proxy work on random jobs while `disturb` does what it does; then the books are read. */
  async function holds(
    test: TestContext,
    disturb: (disturbed: Disturbed) => Promise<void>,
    store: Partial<StoreSettings> = {},
    jobs = 40,
  ): Promise<{ world: Cluster; faults: string[] }> {
    const scratch = await database.scratch();
    test.onTestFinished(() => scratch.drop());
    const { url, options } = scratch;
    const proxy = await TcpProxy.before(url);
    const settings: StoreSettings = {
      kind: database.kind,
      url,
      ...options,
      leaseMs: 3_000,
      pollMs: 500,
      ...store,
    };
    const world = await Cluster.open(replica.main, { ...settings, url: proxy.url }, test, url);
    test.onTestFinished(() => proxy.close());
    const first = await world.start();
    await world.start();
    const startAt = new Date(Math.ceil(Date.now() / 1_000) * 1_000 + 3_000);
    const endAt = new Date(startAt.getTime() + 5_000 * ROUNDS);
    await first.add(randomJobs(jobs, startAt, endAt, SEED));
    await disturb({ world, proxy, serverUrl: url, endAt });
    const auditor = await Auditor.open(settings);
    await auditor.finished(60_000);
    const [all, runs] = [await auditor.jobs(), await auditor.runs()];
    await auditor.close();
    const span = { fromAt: startAt.getTime(), toAt: endAt.getTime() };
    const died = world.replicas.filter(({ gone }) => gone).map(({ name }) => `${name} died`);
    return { world, faults: [...died, ...findFaults(all, runs, await world.effects(), span)] };
  }

  it(
    'loses and doubles no tick when connections are cut at their commits',
    async (test) => {
      const random = numbers(SEED);
      const { faults } = await holds(test, async ({ proxy, endAt }) => {
        proxy.cutsCommit = () => random() < 0.15;
        await later(endAt.getTime() - Date.now());
        proxy.cutsCommit = () => false;
      });
      expect(faults).toEqual([]);
    },
    PATIENCE * ROUNDS,
  );

  it(
    'loses no tick while the server is away, says so, and goes on when it is back',
    async (test) => {
      const { world, faults } = await holds(test, async ({ proxy, endAt }) => {
        await later(1_500);
        proxy.refuses = true;
        proxy.cutAll();
        await later(2_000);
        proxy.refuses = false;
        await later(endAt.getTime() - Date.now());
      });
      expect(faults).toEqual([]);
      for (const { answers } of world.replicas) {
        const published = answers.flatMap((answer) => (answer.kind === 'event' ? [answer.type] : []));
        expect(published).toEqual(expect.arrayContaining(['store.down', 'store.up']));
      }
    },
    PATIENCE * ROUNDS,
  );

  it(
    'needs one connection only',
    async (test) => {
      const { faults } = await holds(test, ({ endAt }) => later(endAt.getTime() - Date.now()), { pool: 1 });
      expect(faults).toEqual([]);
    },
    PATIENCE * ROUNDS,
  );

  it(
    'loses no tick when each answer takes two seconds',
    async (test) => {
      const { faults } = await holds(
        test,
        async ({ proxy, endAt }) => {
          proxy.delayMs = 1_000;
          await later(endAt.getTime() - Date.now());
          proxy.delayMs = 0;
        },
        { leaseMs: 15_000 },
        10,
      );
      expect(faults).toEqual([]);
    },
    PATIENCE * ROUNDS,
  );

  if (database.kind !== 'postgres') return;

  it(
    'loses no tick when backends are terminated every 200 ms',
    async (test) => {
      const { faults } = await holds(test, async ({ world, serverUrl, endAt }) => {
        const admin = new pg.Client({ connectionString: serverUrl });
        await admin.connect();
        let terminated = 0;
        while (Date.now() < endAt.getTime()) {
          const { rowCount } = await admin.query(
            `select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and application_name = $1 and random() < 0.5`,
            [`of ${world.store.schema}`],
          );
          terminated += rowCount ?? 0;
          await later(200);
        }
        await admin.end();
        expect(terminated).toBeGreaterThan(5);
      });
      expect(faults).toEqual([]);
    },
    PATIENCE * ROUNDS,
  );
});
