import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { postgresStore } from '@carillon/sql';
import { every, type LeasedStore, readPolicies } from '@carillon/scheduler/store';
import { hasServer, serverUrl } from '../../servers/ask.js';

const PATIENCE = 60_000;

describe.runIf((await hasServer('postgres')) && (await hasServer('pgbouncer')))(
  'PgBouncer in transaction mode',
  () => {
    let url: string;
    let direct: string;
    const schema = `t${randomBytes(6).toString('hex')}`;
    const closing: (() => unknown)[] = [];
    beforeAll(async () => {
      direct = await serverUrl('postgres');
      url = await serverUrl('pgbouncer');
    }, PATIENCE);
    afterEach(async () => {
      for (const close of closing.splice(0).toReversed()) await close();
    });
    afterAll(async () => {
      const client = new pg.Client(direct);
      await client.connect();
      await client.query(`drop schema if exists ${schema} cascade`);
      await client.end();
    });

    async function open(onHint: (hint: string) => void = () => undefined, at = url): Promise<LeasedStore> {
      const store = postgresStore(at, { schema, lease: '10s', poll: '500ms' });
      await store.open({
        replica: randomBytes(4).toString('hex'),
        concurrency: { whole: null, groups: { calls: 5 } },
        handlers: () => ['work'],
        onHint,
      });
      return store;
    }
    const put = (store: LeasedStore, id: string) =>
      store.putJob(
        {
          id,
          trigger: every('1s').bind({ jobId: id, anchorAt: 0 }),
          handler: 'work',
          payload: { id },
          policies: readPolicies({}),
          origin: 'added',
          disabled: false,
        },
        'replace',
        0,
      );

    it(
      'lets a store start again and again, also after processes that were killed, and work each time',
      async () => {
        for (let start = 0; start < 8; start++) {
          const store = await open();
          await Promise.all(Array.from({ length: 10 }, async (_, index) => put(store, `job ${index}`)));
          const now = 2_000 + start * 1_000;
          const { claims } = await store.claimDue({ now, limit: 20 });
          expect(claims, `start ${start}`).toHaveLength(10);
          await store.giveBack(claims, now);
          await Promise.all(Array.from({ length: 10 }, async (_, index) => store.getJob(`job ${index}`)));
          await store.beat(now);
          // A killed process leaves its statements prepared on the connections of the pooler.
          if (start % 2 === 0) await store.close(now);
          else closing.push(() => store.close(now));
        }
      },
      PATIENCE,
    );

    it(
      'is noticed to lose hints: the store polls instead, and says so once',
      async () => {
        const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
        closing.push(() => warn.mockRestore());
        const hints: string[] = [];
        const store = await open((hint) => hints.push(hint));
        closing.push(async () => store.close(0));
        await expect.poll(() => hints.length, { timeout: 10_000 }).toBeGreaterThan(3);
        const beats = setInterval(() => void store.beat(0).catch(() => undefined), 500);
        closing.push(() => clearInterval(beats));
        await expect.poll(() => warn.mock.calls.length, { timeout: 15_000 }).toBe(1);
        const before = hints.length;
        await expect.poll(() => hints.length - before, { timeout: 10_000 }).toBeGreaterThan(3);
        expect(warn.mock.calls.map(([text]) => text)).toEqual([expect.stringMatching(/do not arrive/)]);
      },
      PATIENCE,
    );

    it('is not suspected where hints arrive', async () => {
      const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
      closing.push(() => warn.mockRestore());
      const hints: string[] = [];
      const store = await open((hint) => hints.push(hint), direct);
      closing.push(async () => store.close(0));
      await new Promise((resolve) => setTimeout(resolve, 3_500));
      await store.beat(0);
      expect([hints, warn.mock.calls]).toEqual([['due'], []]);
    });
  },
);
