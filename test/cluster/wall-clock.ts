import { existsSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const NAMES = ['libfaketimeMT.so.1', 'libfaketime.so.1'];

/**
 * libfaketime, which sets the wall clock of a process; null where it is absent. CARILLON_LIBFAKETIME names it, and
 * empty does without it.
 */
export function findFaketime(): string | null {
  const named = process.env['CARILLON_LIBFAKETIME'];
  if (named === '') return null;
  if (named !== undefined) {
    // The loader would only warn, and the clock would be the machine's.
    if (!existsSync(named)) throw new Error(`CARILLON_LIBFAKETIME is ${named}, which is not there.`);
    return named;
  }
  const libraries = existsSync('/usr/lib') ? readdirSync('/usr/lib').map((name) => `/usr/lib/${name}`) : [];
  const folders = [...libraries, '/usr/lib', '/usr/local/lib'].map((folder) => join(folder, 'faketime'));
  const paths = folders.flatMap((folder) => NAMES.map((name) => join(folder, name)));
  return paths.find((path) => existsSync(path)) ?? null;
}

/** The wall clock of one replica, off by whole seconds. Elapsed time, and so the timers, stay the machine's. */
export class WallClock {
  constructor(
    private readonly library: string,
    private readonly file: string,
    private aheadMs: number,
  ) {
    this.write();
  }

  get env(): NodeJS.ProcessEnv {
    return {
      LD_PRELOAD: this.library,
      FAKETIME_TIMESTAMP_FILE: this.file,
      // Read at each look at the clock, so that it can be stepped.
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      // The same by its name in older versions.
      DONT_FAKE_MONOTONIC: '1',
      NO_FAKE_STAT: '1',
    };
  }

  step(ms: number): void {
    this.aheadMs += ms;
    this.write();
  }

  /** A process that is killed leaves what libfaketime shares below its id; the next of that id would not start. */
  clear(pid: number): void {
    for (const name of [`faketime_shm_${pid}`, `sem.faketime_sem_${pid}`])
      rmSync(join('/dev/shm', name), { force: true });
  }

  /** Renamed into place: found empty, it would mean the true time for a moment. */
  private write(): void {
    const seconds = Math.round(this.aheadMs / 1_000);
    writeFileSync(`${this.file}.new`, `${seconds < 0 ? '' : '+'}${seconds}\n`);
    renameSync(`${this.file}.new`, this.file);
  }
}
