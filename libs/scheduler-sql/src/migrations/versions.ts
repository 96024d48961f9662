import type { Kysely, Migration } from 'kysely';
import type { Dialect } from '../driver/database.js';
import type { TableNames } from '../driver/table-names.js';
import { jobsAndRuns } from './0001-jobs-and-runs.js';
import { liveRunsAndHistory } from './0002-live-runs-and-history.js';

type Step = (kysely: Kysely<unknown>, dialect: Dialect, names: TableNames) => Promise<void>;

/**
 * Forward only, and never changed once released; new ones go to the end. Each can run a second time, since MySQL may
 * stop in the middle of one.
 */
const STEPS: Readonly<Record<string, Step>> = {
  '0001_jobs_and_runs': jobsAndRuns,
  '0002_live_runs_and_history': liveRunsAndHistory,
};

export const VERSIONS: readonly string[] = Object.keys(STEPS);
export const NEWEST = VERSIONS.at(-1)!;

export function migrations(dialect: Dialect, names: TableNames): Record<string, Migration> {
  return Object.fromEntries(
    Object.entries(STEPS).map(([name, step]) => [
      name,
      { up: (kysely: Kysely<unknown>) => step(kysely, dialect, names) },
    ]),
  );
}
