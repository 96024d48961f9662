import { postgresStore } from '@carillon/sql';
import { type Claim, DEFAULT_POLICIES, every, type LeasedStore, NO_LIMITS } from '@carillon/scheduler/store';
import { URLS } from './servers.js';

const BATCH = 100;

/** Our store on PostgreSQL without the scheduler above it, at an instant of the caller's. */
export class StoreVerbs {
  private constructor(readonly store: LeasedStore) {}

  static async open(schema: string): Promise<StoreVerbs> {
    const store = postgresStore(URLS.postgres, { schema, retention: { age: null, perJob: null } });
    await store.open({
      replica: schema,
      concurrency: NO_LIMITS,
      handlers: () => ['noop'],
      onHint: () => undefined,
    });
    return new StoreVerbs(store);
  }

  /** Interval jobs, `job-0` and so on, that fall due one after the other. */
  async addJobs(count: number, periodMs: number, now: number): Promise<void> {
    for (let index = 0; index < count; index++) {
      const trigger = every(periodMs).bind({ anchorAt: now + (index * periodMs) / count });
      await this.store.putJob(
        {
          id: `job-${index}`,
          trigger,
          handler: 'noop',
          payload: undefined,
          policies: DEFAULT_POLICIES,
          origin: 'added',
          disabled: false,
        },
        'error',
        now,
      );
    }
  }

  /** One batch, timed. Its runs have ended afterwards. */
  async claimAndEnd(now: number): Promise<{ claimed: number; claimMs: number; endMs: number }> {
    const begun = performance.now();
    const { claims } = await this.store.claimDue({ now, limit: BATCH });
    const claimedAt = performance.now();
    await Promise.all(claims.map((claim) => this.end(claim, now)));
    return {
      claimed: claims.length,
      claimMs: claimedAt - begun,
      endMs: performance.now() - claimedAt,
    };
  }

  private async end(claim: Claim, now: number): Promise<void> {
    const settled = await this.store.complete(
      {
        claim,
        result: { kind: 'succeeded', value: undefined },
        startedAt: now,
        endedAt: now,
        durationMs: 0,
        retryAt: null,
      },
      false,
    );
    if (settled !== 'recorded') throw new Error(`The end of a run was ${settled}.`);
  }
}
