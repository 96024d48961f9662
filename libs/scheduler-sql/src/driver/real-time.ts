import { performance } from 'node:perf_hooks';
import { clearInterval, clearTimeout, setInterval, setTimeout } from 'node:timers';

// The machine's time, not the scheduler's: waits for a database do not depend on a test that steers time.

/** A database has not responded within its deadline. The connection is of no further use. */
export class NoResponseError extends Error {
  override readonly name = 'NoResponseError';
  constructor(limitMs: number) {
    super(`no response within ${limitMs} ms`);
  }
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

/** Monotonic. */
export function elapsedMs(): number {
  return performance.now();
}

/** Deadlines of the statements and transactions of one driver. */
export class Deadlines {
  private respondedAt = Number.NEGATIVE_INFINITY;

  /** @param limitMs of one statement, or of one transaction as a whole */
  constructor(readonly limitMs: number) {}

  /** The database has responded to somebody. */
  responded(): void {
    this.respondedAt = elapsedMs();
  }

  /** Calls back once the limit is over. Returns the function that cancels it. */
  start(onOver: (error: NoResponseError) => void): () => void {
    const { limitMs } = this;
    const startedAt = elapsedMs();
    let timer = setTimeout(() => {
      // While the event loop was blocked, a response may have arrived that is not read yet.
      const isLate = elapsedMs() - startedAt > 1.1 * limitMs;
      if (isLate) timer = setTimeout(() => onOver(new NoResponseError(limitMs)), limitMs);
      else onOver(new NoResponseError(limitMs));
    }, limitMs);
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
    const { limitMs } = this;
    const startedAt = elapsedMs();
    return new Promise((resolve, reject) => {
      let isOver = false;
      const check = (): void => {
        const until = Math.min(Math.max(startedAt, this.respondedAt) + limitMs, startedAt + 3 * limitMs);
        const restMs = until - elapsedMs();
        if (restMs > 0) return void (timer = setTimeout(check, restMs));
        isOver = true;
        reject(new NoResponseError(limitMs));
      };
      let timer = setTimeout(check, limitMs);
      take((error, connection) => {
        clearTimeout(timer);
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
