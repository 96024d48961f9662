import pg from 'pg';
import { dropSchema, ownName, URLS } from '../contenders/durable/servers.js';
import { StoreVerbs } from '../contenders/durable/store-verbs.js';
import type { Figures, Measure, Scenario } from '../harness/scenario.js';
import { grouped, percentile } from '../harness/statistics.js';

const JOBS = 1_000;
const PERIOD_MS = 1_000;
/** Each goes over all jobs, in batches of 100. */
const WARM_UP_PASSES = 5;
const PASSES = 30;
const PAGE = 50;
const INSERTED_AT_ONCE = 500_000;

interface Input {
  rows: number;
}

const stages = { without: 'no history', with: 'with history' };
const row = (stage: keyof typeof stages, figure: string, title: string): Measure => ({
  key: `postgres.${stage}.${figure}`,
  title: `${stages[stage]}: ${title}`,
  unit: 'ms',
});

export const durableHistory: Scenario<Input> = {
  name: 'durable-history',
  title: 'A long history, on PostgreSQL',
  durable: true,
  method:
    `Verbs of the store for ${grouped(JOBS)} jobs under a steered clock, a batch of 100 at a time, before and after 10,000,000 ended runs (\`--history\`; --quick: 200,000) are inserted, a hundredth of them failed. ` +
    `Queries are for ${PAGE} runs.`,
  repeats: 1,
  measures: [
    row('without', 'claimP50', 'claim of 100, p50'),
    row('with', 'claimP50', 'claim of 100, p50'),
    row('without', 'claimP99', 'claim of 100, p99'),
    row('with', 'claimP99', 'claim of 100, p99'),
    row('without', 'endP50', 'end of 100, p50'),
    row('with', 'endP50', 'end of 100, p50'),
    row('with', 'newest', 'newest runs'),
    row('with', 'ofJob', 'newest runs of a job'),
    row('with', 'failed', 'newest failed runs'),
    row('with', 'ofHour', 'runs of an hour'),
    { key: 'postgres.rows', title: 'runs in the history', unit: '' },
  ],
  cases: ({ historyRows }) => [
    { contender: 'carillon', variant: 'postgres', input: { rows: historyRows }, limitMs: 3_600_000 },
  ],

  async run({ rows }) {
    const schema = ownName();
    const verbs = await StoreVerbs.open(schema);
    const admin = new pg.Client({ connectionString: URLS.postgres });
    await admin.connect();
    const begunAt = Date.now();
    let now = begunAt;
    await verbs.addJobs(JOBS, PERIOD_MS, now);

    const measure = async (stage: keyof typeof stages): Promise<Figures> => {
      const claims: number[] = [];
      const durations: number[] = [];
      for (let pass = 0; pass < WARM_UP_PASSES + PASSES; pass++) {
        now += PERIOD_MS;
        for (;;) {
          const { claimed, claimMs, endMs } = await verbs.claimAndEnd(now);
          if (claimed === 0) break;
          if (pass < WARM_UP_PASSES) continue;
          claims.push(claimMs);
          durations.push(endMs);
        }
      }
      const sorted = claims.toSorted((a, b) => a - b);
      return {
        [`${stage}.claimP50`]: percentile(sorted, 0.5),
        [`${stage}.claimP99`]: percentile(sorted, 0.99),
        [`${stage}.endP50`]: percentile(
          durations.toSorted((a, b) => a - b),
          0.5,
        ),
      };
    };
    const figures: Figures = { rows, ...(await measure('without')) };
    await insertHistory(admin, schema, rows, begunAt);
    Object.assign(figures, await measure('with'));
    const { store } = verbs;
    const hour = new Date(begunAt - 86_400_000);
    figures['with.newest'] = await timed(() => store.listRuns({ limit: PAGE }));
    figures['with.ofJob'] = await timed(() => store.listRuns({ jobId: 'job-7', limit: PAGE }));
    figures['with.failed'] = await timed(() => store.listRuns({ outcome: 'failed', limit: PAGE }));
    figures['with.ofHour'] = await timed(() =>
      store.listRuns({ from: hour, to: new Date(hour.getTime() + 3_600_000), limit: PAGE }),
    );
    await store.close(now);
    await admin.end();
    await dropSchema(schema);
    return { figures };
  },
};

/** The median of a few, of which the first finds nothing in memory. */
async function timed(query: () => unknown): Promise<number> {
  const times: number[] = [];
  for (let index = 0; index < 5; index++) {
    const begun = performance.now();
    await query();
    times.push(performance.now() - begun);
  }
  return percentile(
    times.toSorted((a, b) => a - b),
    0.5,
  );
}

/** Spread over the thirty days before `until`. */
async function insertHistory(admin: pg.Client, schema: string, rows: number, until: number): Promise<void> {
  const spaceMs = (30 * 86_400_000) / rows;
  for (let from = 1; from <= rows; from += INSERTED_AT_ONCE) {
    await admin.query(
      `insert into ${schema}.runs (id, job_id, generation, scheduled_at, count, count_at_least, coalesced, state, outcome,
        attempt, lost_attempts, token, live, completes_with_job, due_at, catches_up, replaced, holds_slot, instant, started_at, ended_at,
        lateness_ms)
      select '00000' || lpad(g::text, 21, '0'), 'job-' || g % ${JOBS}, 1, tick, 1, 0, 0, 'ended',
        case g % 100 when 0 then 'failed' else 'succeeded' end,
        1, 0, 1, 0, 0, tick, 0, 0, 0, tick, tick + 1, tick + 2, 1
      from (select g, ($3::float8 - ($4::float8 - g) * $5::float8)::bigint as tick
        from generate_series($1::bigint, $2::bigint) as g) as made`,
      [from, Math.min(rows, from + INSERTED_AT_ONCE - 1), until, rows, spaceMs],
    );
  }
  await admin.query(`vacuum analyze ${schema}.runs`);
}
