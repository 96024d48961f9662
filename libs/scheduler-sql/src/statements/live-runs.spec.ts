import { type Claim, every, NO_LIMITS, readPolicies } from '@carillon/scheduler/store';
import { sql } from 'kysely';
import { describe, expect, it } from 'vitest';
import { eachDatabase, type ScratchDatabase } from '../../../../test/servers/each-database.js';
import { SqlStore } from '../sql-store.js';

const START = Date.UTC(2026, 5, 1);
const MINUTE_MS = 60_000;
const OPTIONS = { leaseMs: 30_000, pollMs: 5_000, retention: { ageMs: null, perJob: null } };

async function openReplica(scratch: ScratchDatabase, replica: string): Promise<SqlStore> {
  const store = new SqlStore({ options: OPTIONS, connect: () => scratch.open() });
  await store.open({ replica, concurrency: NO_LIMITS, handlers: () => ['work'], onHint: () => undefined });
  return store;
}

const succeeded = (claim: Claim, endedAt: number) => ({
  claim,
  result: { kind: 'succeeded', value: undefined } as const,
  startedAt: endedAt,
  endedAt,
  durationMs: 0,
  retryAt: null,
});

// Other databases refuse such a transaction, or let it see what the lock sees.
describe.each(eachDatabase.filter(([, { kind }]) => kind === 'mysql'))('live runs in %s', (_, database) => {
  it('are seen by a transaction of the user’s that began before them', async () => {
    const scratch = await database.scratch();
    const store = await openReplica(scratch, 'a');
    const theirs = await scratch.open();
    try {
      const policies = readPolicies({ overlap: 'skip' });
      const put = (seconds: number, transaction?: unknown) => {
        const trigger = every(`${seconds}s`).bind({ jobId: 'job', anchorAt: START });
        const job = { id: 'job', trigger, handler: 'work', payload: undefined, policies };
        return store.putJob({ ...job, origin: 'added', disabled: false }, 'replace', START, transaction);
      };
      await put(1);
      let claimed: Claim[] = [];
      await theirs.kysely.connection().execute(async (connection) => {
        await sql`set session transaction isolation level repeatable read`.execute(connection);
        await sql`start transaction`.execute(connection);
        await connection.selectFrom('live_runs').select('id').execute();
        claimed = (await store.claimDue({ now: START + 1_000, limit: 10 })).claims;
        await put(2, connection);
        await sql`commit`.execute(connection);
      });
      const failed = { kind: 'failed', error: new Error('on purpose') } as const;
      const completion = { ...succeeded(claimed[0]!, START + 1_500), result: failed };
      expect(await store.complete(completion, false)).toBe('recorded');
      expect(await store.getJob('job')).toMatchObject({ alive: 0, failuresInRow: 1 });
    } finally {
      await theirs.close();
      await store.close();
      await scratch.drop();
    }
  });
});

describe.each(eachDatabase)('live runs in %s', (_, database) => {
  it('are found when the clock of the replica that made the later one is behind', async () => {
    const scratch = await database.scratch();
    const [ahead, behind] = await Promise.all([
      openReplica(scratch, 'ahead'),
      openReplica(scratch, 'behind'),
    ]);
    try {
      const trigger = every('1h').bind({ jobId: 'job', anchorAt: START });
      const policies = readPolicies({ overlap: 'queueAll' });
      const job = { id: 'job', trigger, handler: 'work', payload: undefined, policies };
      await ahead.putJob({ ...job, origin: 'added', disabled: false }, 'error', START);
      const now = START + MINUTE_MS;
      await ahead.requestRun({ jobId: 'job', payload: 'first', now });
      await behind.requestRun({ jobId: 'job', payload: 'second', now: START });

      const [first, ...others] = (await ahead.claimDue({ now, limit: 10 })).claims;
      expect([first!.payload, others]).toEqual(['first', []]);
      await ahead.complete(succeeded(first!, now), false);
      const [second] = (await behind.claimDue({ now, limit: 10 })).claims;
      expect(second!.payload).toBe('second');
      await behind.complete(succeeded(second!, now), false);
      expect(await ahead.getJob('job')).toMatchObject({ alive: 0 });
    } finally {
      await ahead.close();
      await behind.close();
      await scratch.drop();
    }
  });
});
