import { EntitySchema as MikroSchema, MikroORM } from '@mikro-orm/postgresql';
import { drizzle } from 'drizzle-orm/node-postgres';
import { integer, pgTable } from 'drizzle-orm/pg-core';
import pg from 'pg';
import { DataSource, EntitySchema } from 'typeorm';
import { describe, expect, it, onTestFinished } from 'vitest';
import { at } from '@carillon/scheduler';
import { postgresStore } from '@carillon/sql';
import { eachDatabase } from '../../servers/each-database.js';
import { BOTH, holds, openShop, type Shop, TABLE } from './order.js';

interface Order {
  id: number;
}

const soon = () => at(new Date(Date.now() - 1));

/** `pg_type.oid` */
const INT8: number = 20;
const VOID: number = 2278;

/** Prisma's `$queryRawUnsafe` answers with rows alone, reads 64-bit integers as bigint, and refuses a void. */
const AS_PRISMA: pg.CustomTypesConfig = {
  getTypeParser: (oid: number) => (oid === INT8 ? BigInt : pg.types.getTypeParser(oid)),
};

describe.runIf(eachDatabase.some(([name]) => name === 'PostgreSQL'))('a transaction on PostgreSQL', () => {
  async function shopOf(): Promise<{
    shop: Shop;
    pool: pg.Pool;
    url: string;
    schema: string;
    count: () => Promise<number>;
  }> {
    const scratch = await eachDatabase.find(([name]) => name === 'PostgreSQL')![1].scratch();
    onTestFinished(() => scratch.drop());
    const { url, options } = scratch;
    const schema = options.schema!;
    const pool = new pg.Pool({ connectionString: url, options: `-c search_path=${schema}` });
    const shop = await openShop(postgresStore(url, options));
    await pool.query(TABLE);
    onTestFinished(() => pool.end());
    return {
      ...{ shop, pool, url, schema },
      count: async () => (await pool.query('select id from orders')).rows.length,
    };
  }

  it('of TypeORM carries a job', async () => {
    const { shop, url, schema, count } = await shopOf();
    const { scheduler } = shop;
    const OrderEntity = new EntitySchema<Order>({
      name: 'orders',
      columns: { id: { type: Number, primary: true } },
    });
    const dataSource = new DataSource({ type: 'postgres', url, schema, entities: [OrderEntity] });
    await dataSource.initialize();
    onTestFinished(() => dataSource.destroy());
    const placeOrder = async (order: Order, cancel: boolean) => {
      // #region typeorm
      await dataSource.transaction(async (manager) => {
        await manager.insert(OrderEntity, { id: order.id });
        await scheduler.addJob({
          id: `reminder-${order.id}`,
          trigger: soon(),
          handler: 'remind',
          payload: { orderId: order.id },
          // The connection that this transaction was begun on: a pg client, or with MySQL one of mysql2.
          transaction: await manager.queryRunner!.connect(),
        });
        if (cancel) throw new Error('cancelled');
      });
      // #endregion
    };
    expect(await holds(shop, placeOrder, count)).toEqual(BOTH);
  });

  it('of Drizzle carries a job', async () => {
    const { shop, pool, count } = await shopOf();
    const { scheduler } = shop;
    const orders = pgTable('orders', { id: integer('id').primaryKey() });
    const placeOrder = async (order: Order, cancel: boolean) => {
      // #region drizzle
      const client = await pool.connect();
      try {
        // Drizzle over one client: both work in the transaction that is begun on it.
        await drizzle(client).transaction(async (tx) => {
          await tx.insert(orders).values({ id: order.id });
          await scheduler.addJob({
            id: `reminder-${order.id}`,
            trigger: soon(),
            handler: 'remind',
            payload: { orderId: order.id },
            transaction: client,
          });
          if (cancel) throw new Error('cancelled');
        });
      } finally {
        client.release();
      }
      // #endregion
    };
    expect(await holds(shop, placeOrder, count)).toEqual(BOTH);
  });

  it('of MikroORM carries a job', async () => {
    const { shop, url, schema, count } = await shopOf();
    const { scheduler } = shop;
    const OrderEntity = new MikroSchema<Order>({
      name: 'Order',
      tableName: 'orders',
      properties: { id: { type: 'integer', primary: true } },
    });
    const orm = await MikroORM.init({ clientUrl: url, schema, entities: [OrderEntity] });
    onTestFinished(() => orm.close());
    const placeOrder = async (order: Order, cancel: boolean) => {
      // #region mikro-orm
      await orm.em.fork().transactional(async (em) => {
        await em.insert(OrderEntity, { id: order.id });
        // MikroORM 6 works through Knex, whose transaction has the pg client.
        const { client } = em.getTransactionContext<{ client: { acquireConnection(): Promise<unknown> } }>()!;
        await scheduler.addJob({
          id: `reminder-${order.id}`,
          trigger: soon(),
          handler: 'remind',
          payload: { orderId: order.id },
          transaction: await client.acquireConnection(),
        });
        if (cancel) throw new Error('cancelled');
      });
      // #endregion
    };
    expect(await holds(shop, placeOrder, count)).toEqual(BOTH);
  });

  it('that runs SQL by one function only carries a job', async () => {
    const { shop, pool, count } = await shopOf();
    const { scheduler } = shop;
    const placeOrder = async (order: Order, cancel: boolean) => {
      const client = await pool.connect();
      const tx = {
        $queryRawUnsafe: async (text: string, ...values: unknown[]) => {
          const { rows, fields } = await client.query({ text, values, types: AS_PRISMA });
          if (fields.some(({ dataTypeID }) => dataTypeID === VOID)) throw new Error('Cannot read a void.');
          return rows;
        },
      };
      try {
        await client.query('begin');
        await client.query('insert into orders (id) values ($1)', [order.id]);
        // #region raw
        const transaction = {
          query: async ({ text, values }: { text: string; values: unknown[] }) => {
            const rows = (await tx.$queryRawUnsafe(text, ...values)) as object[];
            return { rows, rowCount: rows.length, command: '' };
          },
        };
        await scheduler.addJob({
          id: `reminder-${order.id}`,
          trigger: soon(),
          handler: 'remind',
          payload: { orderId: order.id },
          transaction,
        });
        // #endregion
        const again = { id: `reminder-${order.id}`, trigger: soon(), handler: 'remind' };
        await scheduler.addJob({ ...again, payload: { orderId: order.id }, ifTaken: 'replace', transaction });
        if (cancel) throw new Error('cancelled');
        await client.query('commit');
      } catch (error) {
        await client.query('rollback');
        throw error;
      } finally {
        client.release();
      }
    };
    expect(await holds(shop, placeOrder, count)).toEqual(BOTH);
    expect(await shop.scheduler.getJob('reminder-2')).toMatchObject({ runsStarted: 1 });
  });
});
