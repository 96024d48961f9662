import pg from 'pg';
import { dropSchema, ownName, URLS } from '../contenders/durable/servers.js';
import { StoreVerbs } from '../contenders/durable/store-verbs.js';
import type { Figures, Measure, Scenario } from '../harness/scenario.js';
import { grouped, percentile } from '../harness/statistics.js';
import { sleep } from '../harness/wait.js';

const JOBS = 500;
const PERIOD_MS = 1_000;
const STEP_MS = 100;
const AFTERWARDS_MS = 10_000;
const MB = 2 ** 20;

interface Input {
  heldMs: number;
}

const row = (figure: string, title: string, unit: Measure['unit']): Measure => ({
  key: `postgres.${figure}`,
  title,
  unit,
});

export const durableHorizon: Scenario<Input> = {
  name: 'durable-horizon',
  title: 'While another transaction holds the horizon, on PostgreSQL',
  durable: true,
  method:
    `A repeatable read transaction stays open for ten minutes (\`--horizon\` minutes; --quick: 15 s), so that no row version may be removed; meanwhile the store claims and ends ${grouped(JOBS)} runs a second, each ${STEP_MS} ms. ` +
    'Claims of the first and the last tenth of that time, and after the transaction has ended and both tables were vacuumed.',
  repeats: 1,
  measures: [
    row('first.p50', 'claim at first, p50', 'ms'),
    row('last.p50', 'claim at last, p50', 'ms'),
    row('after.p50', 'claim afterwards, p50', 'ms'),
    row('first.p99', 'claim at first, p99', 'ms'),
    row('last.p99', 'claim at last, p99', 'ms'),
    row('after.p99', 'claim afterwards, p99', 'ms'),
    row('runs', 'runs meanwhile', ''),
    row('jobsMB', 'table of jobs with indexes at last', 'MB'),
    row('liveMB', 'indexes of live runs at last', 'MB'),
    row('jobsAfterMB', 'table of jobs with indexes, vacuumed in full', 'MB'),
  ],
  cases: ({ horizonMs }) => [
    {
      contender: 'carillon',
      variant: 'postgres',
      input: { heldMs: horizonMs },
      limitMs: horizonMs + 120_000,
    },
  ],

  async run({ heldMs }) {
    const schema = ownName();
    const verbs = await StoreVerbs.open(schema);
    const [holder, admin] = [0, 1].map(() => new pg.Client({ connectionString: URLS.postgres })) as [
      pg.Client,
      pg.Client,
    ];
    await holder.connect();
    await admin.connect();
    await verbs.addJobs(JOBS, PERIOD_MS, Date.now());
    // Warm before it is measured.
    await work(verbs, 2_000);

    await holder.query('begin isolation level repeatable read');
    await holder.query('select 1');
    const held = await work(verbs, heldMs);
    const { jobsMB, liveMB } = await sizes(admin, schema);
    await holder.query('rollback');
    await admin.query(`vacuum analyze ${schema}.jobs`);
    await admin.query(`vacuum analyze ${schema}.runs`);
    const after = await work(verbs, AFTERWARDS_MS);
    await admin.query(`vacuum full ${schema}.jobs`);
    const { jobsMB: jobsAfterMB } = await sizes(admin, schema);

    await verbs.store.close(Date.now());
    await holder.end();
    await admin.end();
    await dropSchema(schema);
    const tenth = Math.ceil(held.length / 10);
    return {
      figures: {
        ...summary('first', held.slice(0, tenth)),
        ...summary('last', held.slice(-tenth)),
        ...summary('after', after),
        runs: held.reduce((sum, { claimed }) => sum + claimed, 0),
        jobsMB,
        liveMB,
        jobsAfterMB,
      },
    };
  },
};

interface TimedClaim {
  claimed: number;
  claimMs: number;
}

/** Claims with something in them. */
async function work(verbs: StoreVerbs, forMs: number): Promise<TimedClaim[]> {
  const claims: TimedClaim[] = [];
  const until = Date.now() + forMs;
  while (Date.now() < until) {
    const { claimed, claimMs } = await verbs.claimAndEnd(Date.now());
    if (claimed > 0) claims.push({ claimed, claimMs });
    // A full batch has more behind it.
    if (claimed === 100) continue;
    await verbs.store.earliestDueAt();
    await sleep(STEP_MS - (Date.now() % STEP_MS));
  }
  return claims;
}

function summary(stage: string, claims: readonly TimedClaim[]): Figures {
  const sorted = claims.map(({ claimMs }) => claimMs).toSorted((a, b) => a - b);
  return { [`${stage}.p50`]: percentile(sorted, 0.5), [`${stage}.p99`]: percentile(sorted, 0.99) };
}

async function sizes(admin: pg.Client, schema: string): Promise<{ jobsMB: number; liveMB: number }> {
  const { rows } = await admin.query<{ jobs: number; live: number }>(
    `select pg_total_relation_size('${schema}.jobs')::float8 as jobs,
      (select sum(pg_relation_size(indexrelid))::float8 from pg_index
        where indrelid = '${schema}.runs'::regclass and indpred is not null
          and pg_get_expr(indpred, indrelid) !~ 'ended_at|outcome') as live`,
  );
  return { jobsMB: rows[0]!.jobs / MB, liveMB: rows[0]!.live / MB };
}
