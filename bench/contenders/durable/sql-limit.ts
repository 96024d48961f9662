import { type SqlLimit, SqlLimitLoop } from '../../limit/sql-limit.js';
import { type DatabaseName, type DurableScheduler, type Purpose } from './durable.js';
import { ownName, URLS } from './servers.js';

/** @param sameRows writes the rows that the store writes */
export async function openSqlLimit(
  { database, handler }: Purpose,
  sameRows = false,
): Promise<DurableScheduler> {
  const sql = await (sameRows ? openRows : openLimit)(database);
  let loop: SqlLimitLoop | null = null;
  return {
    add: (dueAts) => sql.add(dueAts),
    async start() {
      loop = new SqlLimitLoop(sql, handler);
    },
    async close() {
      await loop?.stop();
      await sql.drop();
    },
  };
}

async function openRows(database: DatabaseName): Promise<SqlLimit> {
  switch (database) {
    case 'sqliteNormal':
    case 'sqliteFull': {
      const { openSqliteRows } = await import('../../limit/sql-rows-sqlite.js');
      return openSqliteRows(database === 'sqliteFull' ? 'full' : 'normal');
    }
    case 'postgres':
      return (await import('../../limit/sql-rows-postgres.js')).openPostgresRows(URLS.postgres, ownName());
    default:
      throw new Error(`Its rows are not written for ${database}.`);
  }
}

async function openLimit(database: DatabaseName): Promise<SqlLimit> {
  switch (database) {
    case 'sqliteNormal':
    case 'sqliteFull': {
      const { openSqliteLimit } = await import('../../limit/sql-sqlite.js');
      return openSqliteLimit(database === 'sqliteFull' ? 'full' : 'normal');
    }
    case 'postgres':
      return (await import('../../limit/sql-postgres.js')).openPostgresLimit(URLS.postgres, ownName());
    case 'mysql':
      return (await import('../../limit/sql-mysql.js')).openMysqlLimit(URLS.mysql, `${ownName()}_`);
    case 'redis':
      throw new Error('No limit is written for Redis.');
  }
}
