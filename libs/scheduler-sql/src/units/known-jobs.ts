import type { JobTable, ScheduleTable } from '../schema/tables.js';

/** Rows kept. Beyond it those go first that were read first. */
const MOST = 20_000;

interface KnownJob {
  readonly generation: number;
  readonly revision: number;
  readonly row: JobTable;
}

/** Random, so that the row of a write that was rolled back is never taken for that of another. */
export function newRevision(): number {
  return Math.floor(Math.random() * 2 ** 48);
}

/** Rows of jobs that this process has read or written: a schedule says which of them is in force, so that a tick reads none. */
export class KnownJobs {
  private readonly known = new Map<string, KnownJob>();

  keep(row: JobTable, { generation, revision }: ScheduleTable): void {
    this.known.delete(row.id);
    if (this.known.size >= MOST) this.known.delete(this.known.keys().next().value!);
    this.known.set(row.id, { generation, revision, row });
  }

  /** Null unless the row of this revision is known. */
  get({ id, generation, revision }: ScheduleTable): JobTable | null {
    const known = this.known.get(id);
    return known?.generation === generation && known.revision === revision ? known.row : null;
  }
}
