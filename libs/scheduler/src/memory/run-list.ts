import type { MemoryRun } from './memory-run.js';

/** Runs in the order they were added, linked through the runs themselves: adding and removing cost no search and no memory. */
export class RunList implements Iterable<MemoryRun> {
  oldest: MemoryRun | null = null;
  private newest: MemoryRun | null = null;
  length = 0;

  add(run: MemoryRun): void {
    run.older = this.newest;
    run.newer = null;
    if (this.newest) this.newest.newer = run;
    else this.oldest = run;
    this.newest = run;
    this.length++;
  }

  remove(run: MemoryRun): void {
    if (run.older) run.older.newer = run.newer;
    else this.oldest = run.newer;
    if (run.newer) run.newer.older = run.older;
    else this.newest = run.older;
    run.older = run.newer = null;
    this.length--;
  }

  /** Newest first. */
  *[Symbol.iterator](): Iterator<MemoryRun> {
    for (let run = this.newest; run;) {
      const { older }: MemoryRun = run;
      yield run;
      run = older;
    }
  }
}
