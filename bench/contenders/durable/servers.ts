import pg from 'pg';

export const URLS = {
  postgres: process.env['TEST_POSTGRES_URL'] ?? 'postgres://postgres@127.0.0.1:5432/test',
  mysql: process.env['TEST_MYSQL_URL'] ?? 'mysql://root@127.0.0.1:3306/test',
  redis: process.env['TEST_REDIS_URL'] ?? 'redis://127.0.0.1:6379',
};

/** A name that no other process has: of a schema, or the beginning of those of tables. */
export const ownName = (): string => `bench_${process.pid}_${Date.now().toString(36)}`;

export async function dropSchema(schema: string): Promise<void> {
  const client = new pg.Client({ connectionString: URLS.postgres });
  await client.connect();
  await client.query(`drop schema ${schema} cascade`);
  await client.end();
}
