import { MemoryStore } from '../../libs/scheduler/src/memory/index.js';
import { COLUMNS } from '../../libs/scheduler-sql/src/schema/columns.js';
import { SqlStore } from '../../libs/scheduler-sql/src/sql-store.js';
import type { Database } from '../../libs/scheduler-sql/src/driver/database.js';
import { MemoryCell } from '../guides/small-store/memory-cell.js';
import { SmallStore } from '../guides/small-store/small-store.js';
import type { ScratchDatabase, TestDatabase } from '../servers/each-database.js';
import type { StoreHome } from './player.js';

/** Leases lapse in a step that says so, and no claim counts on hints. */
const OPTIONS = { leaseMs: 120_000, pollMs: 1, retention: { ageMs: null, perJob: null } };
const TABLES = Object.keys(COLUMNS) as (keyof typeof COLUMNS)[];

export function memoryHome(): StoreHome {
  return { store: (concurrency) => new MemoryStore({ runsPerJob: 10_000, runsTotal: 10_000, concurrency }) };
}

/** The store of the guide keeps to the rules with leases, and needs no server: the others are compared with it. */
export function smallStoreHome(): StoreHome {
  const cell = new MemoryCell();
  return { store: () => new SmallStore(cell, OPTIONS.leaseMs, OPTIONS.pollMs) };
}

/** One scratch database for all scripts, and one connection for each replica: each script leaves the tables empty. */
export class SqlHomes {
  private scratch: Promise<ScratchDatabase> | null = null;
  private readonly connections: Promise<Database>[] = [];

  constructor(private readonly database: TestDatabase) {}

  readonly home = (): StoreHome => {
    let replicas = 0;
    return {
      store: () => {
        const connection = this.connection(replicas++);
        const connect = async () => ({ ...(await connection), close: async () => {} });
        return new SqlStore({ options: OPTIONS, connect });
      },
      close: async () => {
        const { kysely } = await this.connection(0);
        for (const table of TABLES) await kysely.deleteFrom(table).execute();
      },
    };
  };

  async drop(): Promise<void> {
    await (await this.scratch)?.drop();
  }

  private async connection(replica: number): Promise<Database> {
    const scratch = await (this.scratch ??= this.database.scratch());
    return (this.connections[replica] ??= scratch.open());
  }
}
