import type { JobTable, ScheduleTable } from '../schema/tables.js';

/** Rows kept of those that were used last; as many of those before them. */
const MOST = 20_000;

/** Random, so that the row of a write that was rolled back is never taken for that of another. */
export function newRevision(): number {
  return Math.floor(Math.random() * 2 ** 48);
}

interface KnownJob {
  readonly generation: number;
  readonly revision: number;
  readonly row: JobTable;
}

/** Rows of jobs that this process has read or written: a schedule says which of them is in force, so that a tick reads none. */
export class KnownJobs {
  private newer = new Map<string, KnownJob>();
  private older = new Map<string, KnownJob>();

  keep(row: JobTable, { generation, revision }: ScheduleTable): void {
    this.put(row.id, { generation, revision, row });
  }

  /** Null unless the row of this revision is known. */
  get({ id, generation, revision }: ScheduleTable): JobTable | null {
    let known = this.newer.get(id);
    if (known === undefined) {
      known = this.older.get(id);
      if (known === undefined) return null;
      this.put(id, known);
    }
    return known.generation === generation && known.revision === revision ? known.row : null;
  }

  forget(id: string): void {
    this.newer.delete(id);
    this.older.delete(id);
  }

  private put(id: string, known: KnownJob): void {
    if (this.newer.size >= MOST) {
      this.older = this.newer;
      this.newer = new Map();
    }
    this.newer.set(id, known);
  }
}
