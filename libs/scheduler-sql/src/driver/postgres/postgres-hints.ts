import { type Kysely, sql } from 'kysely';
import type { Tables } from '../../schema/tables.js';
import type { Hint, Hints } from '../database.js';
import type { PgOwnClient } from './pg-types.js';

/** NOTIFY on a channel that is named for the store's schema; the payload says what it is and who sent it. */
export class PostgresHints implements Hints {
  #client: Promise<PgOwnClient | null> | null = null;
  #newest: PgOwnClient | null = null;
  #closed = false;

  constructor(
    private readonly makeClient: () => PgOwnClient,
    private readonly channel: string,
  ) {}

  async listen(self: string, onHint: (hint: Hint) => void): Promise<void> {
    if (this.#closed) return;
    this.#client ??= this.#open(self, onHint);
    if ((await this.#client) === null) this.#client = null;
  }

  async send(kysely: Kysely<Tables>, self: string, hint: Hint): Promise<void> {
    // As text: the connection may be one that cannot read a void, such as Prisma's.
    await sql`select pg_notify(${this.channel}, ${`${hint} ${self}`})::text`.execute(kysely);
  }

  async close(): Promise<void> {
    this.#closed = true;
    const client = await this.#client;
    await client?.end().catch(() => undefined);
  }

  /** Null when the server cannot be reached: the next call tries again. */
  async #open(self: string, onHint: (hint: Hint) => void): Promise<PgOwnClient | null> {
    const client = this.makeClient();
    this.#newest = client;
    // Told twice at times, when another is open already.
    const lost = (): void => {
      if (this.#newest === client) this.#client = null;
    };
    client.on('error', lost);
    client.on('end', lost);
    client.on('notification', ({ channel, payload }: { channel: string; payload?: string }) => {
      if (channel !== this.channel) return;
      const [hint, ...sender] = (payload ?? '').split(' ');
      if (sender.join(' ') !== self) onHint(hint === 'cancel' ? 'cancel' : 'due');
    });
    try {
      await client.connect();
      await client.query({ text: `listen "${this.channel.replaceAll('"', '""')}"`, values: [], types: TEXT });
      // What was sent while nobody listened is lost.
      onHint('due');
      return client;
    } catch {
      await client.end().catch(() => undefined);
      return null;
    }
  }
}

const TEXT = { getTypeParser: () => (text: string) => text };
