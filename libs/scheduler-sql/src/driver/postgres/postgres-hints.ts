import { randomBytes } from 'node:crypto';
import { type Kysely, sql } from 'kysely';
import type { Tables } from '../../schema/tables.js';
import type { Hint, Hints } from '../database.js';
import { Deadlines, type Limits, repeat } from '../real-time.js';
import type { PgOwnClient } from './pg-types.js';

/** Interval of the timer that stands in for hints that do not arrive. */
const POLL_MS = 1_000;
/** A hint to oneself takes a few milliseconds. */
const PROBE_MS = 2_000;
const WARNING =
  'Notifications of PostgreSQL do not arrive, as behind a pooler in transaction mode. Jobs of other replicas are ' +
  'found by polling each second instead. Connect directly, or through a pooler in session mode.';

/** NOTIFY on a channel named after the store's schema; the payload has the hint and its sender. */
export class PostgresHints implements Hints {
  readonly #deadlines: Deadlines;
  readonly #probeDeadlines: Deadlines;
  readonly #probes = randomBytes(6).toString('hex');
  #client: Promise<PgOwnClient | null> | null = null;
  #newest: PgOwnClient | null = null;
  #closed = false;
  /** The probe that is on its way. */
  #probe: string | null = null;
  /** Probes in a row that did not arrive. */
  #losses = 0;
  #probesSent = 0;
  #cancelProbe = (): void => undefined;
  #stopPolling: (() => void) | null = null;
  #hasWarned = false;

  /** @param kysely of the pool: a probe has to come from another connection */
  constructor(
    private readonly makeClient: () => PgOwnClient,
    private readonly kysely: Kysely<Tables>,
    private readonly channel: string,
    limits: Limits,
  ) {
    this.#deadlines = new Deadlines(limits.responseMs);
    this.#probeDeadlines = new Deadlines(Math.min(limits.responseMs, PROBE_MS));
  }

  async listen(self: string, onHint: (hint: Hint) => void): Promise<void> {
    if (this.#closed) return;
    this.#client ??= this.#open(self, onHint);
    const client = await this.#client;
    if (client === null) this.#client = null;
    if (client === null || this.#closed) return;
    if (this.#probe !== null) return;
    this.#probe = `${this.#probes}-${++this.#probesSent}`;
    this.#cancelProbe = this.#probeDeadlines.start(() => this.#pollInstead(client, onHint));
    await this.#notify(this.kysely, `probe ${this.#probe}`);
  }

  async send(kysely: Kysely<Tables>, self: string, hint: Hint): Promise<void> {
    await this.#notify(kysely, `${hint} ${self}`);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelProbe();
    this.#stopPolling?.();
    const client = this.#newest;
    this.#newest = null;
    if (client !== null) await this.#end(client);
  }

  async #notify(kysely: Kysely<Tables>, payload: string): Promise<void> {
    // As a string: the connection may be one that cannot read a void, such as Prisma's.
    await sql`select pg_notify(${this.channel}, ${payload})::text`.execute(kysely);
  }

  /** Null when the server cannot be reached: the next call tries again. */
  async #open(self: string, onHint: (hint: Hint) => void): Promise<PgOwnClient | null> {
    const client = this.makeClient();
    this.#newest = client;
    // Called more than once at times, when another client is open already.
    const lost = (): void => {
      if (this.#newest === client) this.#client = null;
    };
    client.on('error', lost);
    client.on('end', lost);
    client.on('notification', ({ channel, payload }: { channel: string; payload?: string }) => {
      if (channel !== this.channel) return;
      const [hint, ...words] = (payload ?? '').split(' ');
      const sender = words.join(' ');
      if (hint === 'probe') this.#onProbe(sender);
      else if (sender !== self) onHint(hint === 'cancel' ? 'cancel' : 'due');
    });
    try {
      await this.#within(client, client.connect());
      const text = `listen "${this.channel.replaceAll('"', '""')}"`;
      await this.#within(client, client.query({ text, values: [], types: TEXT }));
      // Hints that were sent while nobody listened are lost.
      onHint('due');
      return client;
    } catch {
      await this.#end(client);
      return null;
    }
  }

  #onProbe(name: string): void {
    if (name !== this.#probe) return;
    this.#probe = null;
    this.#losses = 0;
    this.#cancelProbe();
    this.#stopPolling?.();
    this.#stopPolling = null;
  }

  /** Opens another connection at the next beat: this one may be dead. */
  #pollInstead(client: PgOwnClient, onHint: (hint: Hint) => void): void {
    this.#probe = null;
    if (this.#closed) return;
    this.#losses++;
    this.#stopPolling ??= repeat(POLL_MS, () => onHint('due'));
    if (this.#losses > 1 && !this.#hasWarned) {
      this.#hasWarned = true;
      process.emitWarning(WARNING, { code: 'CARILLON_HINTS_LOST' });
    }
    if (this.#newest === client) this.#client = null;
    void this.#end(client);
  }

  async #end(client: PgOwnClient): Promise<void> {
    await this.#within(client, client.end()).catch(() => undefined);
  }

  /** Destroys the connection at the deadline. */
  #within<T>(client: PgOwnClient, work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const cancel = this.#deadlines.start((error) => {
        client.connection?.stream?.destroy();
        reject(error);
      });
      work.then(resolve, reject).finally(cancel);
    });
  }
}

const TEXT = { getTypeParser: () => (text: string) => text };
