import { setTimeout as pause } from 'node:timers/promises';
import type { Effect } from '../replica/protocol.js';
import { connectTo, type EffectsConnection, type EffectsTarget } from './effects-connection.js';

/** A server may be away for that long; what cannot be appended by then fails the handler. */
const PATIENCE_MS = 60_000;
const PAUSE_MS = 20;

/**
 * The table that handlers append what they did to, in the database under test, on a connection of its own that no
 * test cuts. Nothing of it goes through the store.
 */
export class EffectsTable {
  private connection: Promise<EffectsConnection> | null = null;
  private last: Promise<unknown> = Promise.resolve();
  private appended = 0;

  constructor(private readonly target: EffectsTarget) {}

  /** Once for a test, before its replicas start. */
  async make(): Promise<void> {
    await this.ask(({ make }) => make());
  }

  /**
   * Resolves once the row is committed. While the server is away it waits and tries again: a number within the
   * replica tells a row whose answer was lost from an effect that happened twice.
   */
  async append(effect: Effect): Promise<void> {
    const nth = ++this.appended;
    await this.ask(({ append }) => append({ ...effect, nth }));
  }

  /** In the order in which they were appended. */
  read(): Promise<Effect[]> {
    return this.ask(({ read }) => read());
  }

  /** Removes the table. */
  async drop(): Promise<void> {
    await this.ask(({ drop }) => drop());
  }

  /** After what is being appended. */
  async close(): Promise<void> {
    await this.last;
    await this.lose(this.connection);
  }

  /** One after the other, so that a connection that is given up had nobody else's question. */
  private ask<T>(question: (connection: EffectsConnection) => Promise<T>): Promise<T> {
    const answer = this.last.then(() => this.askUntilAnswered(question));
    this.last = answer.catch(() => undefined);
    return answer;
  }

  private async askUntilAnswered<T>(question: (connection: EffectsConnection) => Promise<T>): Promise<T> {
    const deadline = performance.now() + PATIENCE_MS;
    for (;;) {
      const connection = (this.connection ??= connectTo(this.target));
      try {
        return await question(await connection);
      } catch (error) {
        if (performance.now() > deadline) throw error;
        void this.lose(connection);
        await pause(PAUSE_MS);
      }
    }
  }

  private async lose(connection: Promise<EffectsConnection> | null): Promise<void> {
    if (this.connection === connection) this.connection = null;
    await connection?.then(({ close }) => close()).catch(() => undefined);
  }
}
