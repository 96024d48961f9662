import * as timers from 'node:timers';

// The machine's time, not the scheduler's: waits for a database do not depend on a test that steers time.
// Read at import: fake timers that are installed later do not replace these, even those of the module.
const { clearInterval, clearTimeout, setInterval, setTimeout } = timers;

/** A database has not responded within its deadline. The connection is of no further use. */
export class NoResponseError extends Error {
  override readonly name = 'NoResponseError';
  constructor(limitMs: number) {
    super(`no response within ${limitMs} ms`);
  }
}

/** Whether a deadline is the cause: the database may be slow, rather than down. */
export function isNoResponse(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    const { code } = cause as { code?: unknown };
    if (cause instanceof NoResponseError || code === 'ETIMEDOUT' || /timeout ex/.test(cause.message))
      return true;
  }
  return false;
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** @param work never rejects */
export async function isOverWithin(work: Promise<unknown>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const tooLong = new Promise<false>((resolve) => (timer = setTimeout(resolve, ms, false)));
  const isOver = await Promise.race([work.then(() => true), tooLong]);
  clearTimeout(timer);
  return isOver;
}

/** Calls back every so many milliseconds, and does not keep the process alive. Returns the function that stops it. */
export function repeat(ms: number, callback: () => void): () => void {
  const timer = setInterval(callback, ms);
  timer.unref();
  return () => clearInterval(timer);
}

/** Parts of a deadline. */
const STEPS = 4;
/** Deadlines that a wait for a connection may last while the database responds to others. */
const LONGEST_WAIT = 3;

/** Deadlines of the statements and transactions of one driver. */
export class Deadlines {
  private responses = 0;

  /** @param limitMs of one statement, or of one transaction as a whole */
  constructor(readonly limitMs: number) {}

  /** The database has responded to somebody. */
  responded(): void {
    this.responses++;
  }

  /** Calls back once the limit is over. Returns the function that cancels it. */
  start(onOver: (error: NoResponseError) => void): () => void {
    let timer: NodeJS.Timeout;
    // In steps: while the event loop is blocked, which ends one step, responses may arrive that are not read yet.
    const step = (left: number): void => {
      if (left === 0) return onOver(new NoResponseError(this.limitMs));
      timer = setTimeout(step, this.limitMs / STEPS, left - 1);
    };
    step(STEPS);
    return () => clearTimeout(timer);
  }

  /**
   * Takes a connection from a pool. The wait lasts longer than the limit while the database responds to others: many
   * callers may queue for few connections.
   *
   * @param release puts back a connection that comes too late
   */
  acquire<T>(
    take: (done: (error: Error | null | undefined, connection: T) => void) => void,
    release: (connection: T) => void,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      let isOver = false;
      let cancel = (): void => undefined;
      const wait = (left: number): void => {
        const { responses } = this;
        cancel = this.start((error) => {
          if (left > 1 && this.responses > responses) return wait(left - 1);
          isOver = true;
          reject(error);
        });
      };
      wait(LONGEST_WAIT);
      take((error, connection) => {
        cancel();
        if (isOver) return error ? undefined : release(connection);
        if (error) reject(error);
        else resolve(connection);
      });
    });
  }
}

/** Bounds of the waits for a database that follow from the lease. */
export interface Limits {
  /** Of a statement or a transaction: below a third of the lease, so that a renewal can be sent again. */
  readonly responseMs: number;
  /** Between two statements of a transaction: its locks are free again before a lease is over. */
  readonly idleMs: number;
}

export function limitsOf(leaseMs: number): Limits {
  return { responseMs: Math.floor(leaseMs * 0.3), idleMs: Math.floor(leaseMs / 2) };
}
