import { CompiledQuery, type Kysely } from 'kysely';
import type { Dialect } from '../driver/database.js';
import type { TableNames } from '../driver/table-names.js';
import { createIndexes, type Index } from './create-indexes.js';
import { type Columns, createTable } from './create-table.js';

const SCHEDULES: Columns = {
  id: 'key',
  generation: 'integer',
  revision: 'integer',
  handler: 'key',
  group_name: 'key?',
  state: 'key',
  due_at: 'integer?',
  next_tick_at: 'integer?',
  last_tick_at: 'integer?',
  awaits_run: 'integer',
  runs_started: 'integer',
  failures_in_row: 'integer',
  span_id: 'key?',
  live_from: 'key?',
  tzdata: 'key',
};

const OF_BOTH: Columns = {
  payload: 'text?',
  instant: 'integer',
  started_at: 'integer?',
  ended_at: 'integer?',
  lateness_ms: 'integer?',
  error: 'text?',
  result: 'text?',
  progress: 'text?',
  log: 'text?',
  attempts: 'text?',
};

const LIVE_RUNS: Columns = {
  id: 'key',
  job_id: 'key',
  generation: 'integer',
  scheduled_at: 'integer?',
  stands_for: 'integer?',
  count_at_least: 'integer=0',
  coalesced: 'integer=0',
  state: 'key',
  outcome: 'key?',
  reason: 'key?',
  attempt: 'integer=0',
  lost_attempts: 'integer=0',
  token: 'integer=0',
  completes_with_job: 'integer=0',
  due_at: 'integer',
  catches_up: 'integer=0',
  replaced: 'integer=0',
  holds_slot: 'integer=0',
  group_name: 'key?',
  holder: 'key?',
  lease_until: 'integer?',
  ...OF_BOTH,
};

const HISTORY: Columns = {
  id: 'key',
  job_id: 'key',
  generation: 'integer',
  scheduled_at: 'integer?',
  scheduled_until: 'integer?',
  stands_for: 'integer?',
  count: 'integer=1',
  count_at_least: 'integer=0',
  coalesced: 'integer=0',
  outcome: 'key',
  reason: 'key?',
  attempt: 'integer=0',
  token: 'integer=0',
  due_at: 'integer',
  ...OF_BOTH,
};

const INDEXES: readonly Index[] = [
  { name: 'schedules_due', table: 'schedules', columns: ['due_at'], where: 'due_at is not null' },
  {
    name: 'live_runs_tick',
    table: 'live_runs',
    columns: ['job_id', 'generation', 'scheduled_at'],
    unique: true,
  },
  { name: 'live_runs_by_job', table: 'live_runs', columns: ['job_id', 'id'] },
  {
    name: 'live_runs_waiting',
    table: 'live_runs',
    columns: ['due_at'],
    where: "state = 'waiting'",
    lead: 'state',
  },
  {
    name: 'live_runs_held',
    table: 'live_runs',
    columns: ['group_name'],
    where: 'group_name is not null',
  },
  { name: 'history_tick', table: 'history', columns: ['job_id', 'generation', 'scheduled_at'], unique: true },
  { name: 'history_by_instant', table: 'history', columns: ['instant'], using: 'brin' },
  {
    name: 'history_by_outcome',
    table: 'history',
    columns: ['outcome', 'id'],
    where: "outcome <> 'succeeded'",
  },
];

/** Columns of `jobs` that go to `schedules`. A job keeps a handler, too. */
const MOVED = Object.keys(SCHEDULES).filter((name) => !['id', 'handler', 'revision'].includes(name));

/**
 * Splits the tables of the first version: `jobs` keeps what jobs are, `schedules` has what each tick changes, `live_runs`
 * the runs that have not ended, and `history` the others.
 */
export async function liveRunsAndHistory(
  kysely: Kysely<unknown>,
  dialect: Dialect,
  names: TableNames,
): Promise<void> {
  const run = (text: string) => kysely.executeQuery(CompiledQuery.raw(text));
  const columnsOf = async (table: string) => columnsIn(kysely, names, table);
  const [jobs, schedules, live, history, runs] = (
    ['jobs', 'schedules', 'live_runs', 'history', 'runs'] as const
  ).map((table) => names.quoted(table)) as [string, string, string, string, string];
  const list = (columns: readonly string[]) =>
    columns.map((name) => `${names.quote}${name}${names.quote}`).join(', ');
  const unlessThere =
    dialect.name === 'mysql'
      ? (table: string) => `on duplicate key update ${table}.id = ${table}.id`
      : () => 'on conflict do nothing';

  if (dialect.name === 'postgres' && (await columnsOf('runs')).length > 0)
    await run(`lock table ${jobs}, ${runs} in access exclusive mode`);
  await createTable(kysely, dialect, 'schedules', SCHEDULES);
  await createTable(kysely, dialect, 'live_runs', LIVE_RUNS);
  await createTable(kysely, dialect, 'history', HISTORY);

  const inJobs = await columnsOf('jobs');
  // MySQL may have stopped after it dropped some of them: all is copied by then.
  if (MOVED.every((name) => inJobs.includes(name))) {
    const columns = Object.keys(SCHEDULES).filter((name) => name !== 'revision');
    await run(
      `insert into ${schedules} (${list(columns)}, revision) select ${list(columns)}, 0 from ${jobs} where true ${unlessThere(schedules)}`,
    );
  }
  if ((await columnsOf('runs')).length > 0) {
    for (const [table, columns, isLive] of [
      [live, Object.keys(LIVE_RUNS), 1],
      [history, Object.keys(HISTORY), 0],
    ] as const) {
      await run(
        `insert into ${table} (${list(columns)}) select ${list(columns)} from ${runs} where live = ${isLive} ${unlessThere(table)}`,
      );
    }
    await run(`update ${history} set generation = abs(generation) where generation < 0`);
    await run(`drop table ${runs}`);
  }
  if (inJobs.includes('due_at')) {
    const index = `${names.quote}${names.prefix}jobs_due${names.quote}`;
    const where = names.schema === null ? index : `${names.quote}${names.schema}${names.quote}.${index}`;
    if (dialect.name !== 'mysql') await run(`drop index if exists ${where}`);
  }
  for (const column of MOVED) {
    if (inJobs.includes(column)) await run(`alter table ${jobs} drop column ${list([column])}`);
  }
  await createIndexes(kysely, dialect, names, INDEXES);
}

async function columnsIn(
  kysely: Kysely<unknown>,
  { schema, prefix }: TableNames,
  table: string,
): Promise<string[]> {
  const tables = await kysely.withoutPlugins().introspection.getTables();
  const found = tables.find(
    (one) => one.name === `${prefix}${table}` && (schema === null || one.schema === schema),
  );
  return found?.columns.map(({ name }) => name) ?? [];
}
