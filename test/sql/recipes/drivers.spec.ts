import { Kysely, MysqlDialect, PostgresDialect } from 'kysely';
import Libsql from 'libsql';
import mysqlCallback from 'mysql2';
import mysql, { type Connection } from 'mysql2/promise';
import pg from 'pg';
import { describe, expect, it, onTestFinished } from 'vitest';
import { at, InvalidOptionsError } from '@carillon/scheduler';
import { mysqlStore, postgresStore, sqliteStore } from '@carillon/sql';
import { rejection } from '../../nest/testing-app.js';
import { eachDatabase, type ScratchDatabase } from '../../servers/each-database.js';
import { BOTH, holds, idsOf, openShop, type Shop, TABLE } from './order.js';

interface Orders {
  orders: { id: number; item: string };
}

const soon = () => at(new Date(Date.now() - 1));

async function scratchOn(name: string): Promise<ScratchDatabase> {
  const scratch = await eachDatabase.find(([known]) => known.startsWith(name))![1].scratch();
  onTestFinished(() => scratch.drop());
  return scratch;
}

const has = (name: string) => eachDatabase.some(([known]) => known.startsWith(name));

describe.runIf(has('PostgreSQL'))('a transaction on PostgreSQL', () => {
  async function shopOf(): Promise<{ shop: Shop; pool: pg.Pool; count: () => Promise<number> }> {
    const { url, options } = await scratchOn('PostgreSQL');
    const pool = new pg.Pool({ connectionString: url, options: `-c search_path=${options.schema!}` });
    const shop = await openShop(postgresStore(url, options));
    await pool.query(TABLE);
    onTestFinished(() => pool.end());
    const count = async () => (await pool.query('select id from orders')).rows.length;
    return { shop, pool, count };
  }

  it('of pg carries a job', async () => {
    const { shop, pool, count } = await shopOf();
    const { scheduler } = shop;
    const placeOrder = async (order: { id: number }, cancel: boolean) => {
      // #region pg
      const client = await pool.connect();
      try {
        await client.query('begin');
        await client.query('insert into orders (id) values ($1)', [order.id]);
        await scheduler.addJob({
          id: `reminder-${order.id}`,
          trigger: soon(),
          handler: 'remind',
          payload: { orderId: order.id },
          transaction: client,
        });
        if (cancel) throw new Error('cancelled');
        await client.query('commit');
      } catch (error) {
        await client.query('rollback');
        throw error;
      } finally {
        client.release();
      }
      // #endregion
    };
    expect(await holds(shop, placeOrder, count)).toEqual(BOTH);
  });

  it('of Kysely carries a job', async () => {
    const { shop, pool, count } = await shopOf();
    const { scheduler } = shop;
    const kysely = new Kysely<Orders>({ dialect: new PostgresDialect({ pool }) });
    const placeOrder = async (order: { id: number }, cancel: boolean) => {
      // #region kysely
      await kysely.transaction().execute(async (transaction) => {
        await transaction.insertInto('orders').values({ id: order.id, item: 'clock' }).execute();
        await scheduler.addJob({
          id: `reminder-${order.id}`,
          trigger: soon(),
          handler: 'remind',
          payload: { orderId: order.id },
          transaction,
        });
        if (cancel) throw new Error('cancelled');
      });
      // #endregion
    };
    expect(await holds(shop, placeOrder, count)).toEqual(BOTH);
  });

  it('is refused when it is a pool, and the job does not exist', async () => {
    const { shop, pool } = await shopOf();
    const request = { id: 'job', trigger: soon(), handler: 'remind', transaction: pool };
    expect(await rejection(shop.scheduler.addJob(request))).toBeInstanceOf(InvalidOptionsError);
    expect(await idsOf(shop.scheduler)).toEqual([]);
  });
});

describe.runIf(has('MySQL'))('a transaction on MySQL', () => {
  async function shopOf(): Promise<{ shop: Shop; url: string; table: string; connection: Connection }> {
    const { url, options } = await scratchOn('MySQL');
    const table = `${options.prefix!}orders`;
    const connection = await mysql.createConnection({ uri: url });
    const shop = await openShop(mysqlStore(url, options));
    await connection.query(TABLE.replace('orders', table));
    onTestFinished(async () => {
      await connection.query(`drop table ${table}`);
      await connection.end();
    });
    return { shop, url, table, connection };
  }
  const counting = (connection: Connection, table: string) => async () =>
    ((await connection.query(`select id from ${table}`))[0] as unknown[]).length;

  it('of mysql2 carries a job', async () => {
    const { shop, url, table: orders, connection: counter } = await shopOf();
    const { scheduler } = shop;
    const connection = await mysql.createConnection({ uri: url });
    onTestFinished(() => connection.end());
    const placeOrder = async (order: { id: number }, cancel: boolean) => {
      // #region mysql2
      await connection.beginTransaction();
      try {
        await connection.query(`insert into ${orders} (id) values (?)`, [order.id]);
        await scheduler.addJob({
          id: `reminder-${order.id}`,
          trigger: soon(),
          handler: 'remind',
          payload: { orderId: order.id },
          transaction: connection,
        });
        if (cancel) throw new Error('cancelled');
        await connection.commit();
      } catch (error) {
        await connection.rollback();
        throw error;
      }
      // #endregion
    };
    expect(await holds(shop, placeOrder, counting(counter, orders))).toEqual(BOTH);
  });

  it('of Kysely carries a job', async () => {
    const { shop, url, table, connection } = await shopOf();
    const pool = mysqlCallback.createPool({ uri: url });
    const kysely = new Kysely<Record<string, Orders['orders']>>({ dialect: new MysqlDialect({ pool }) });
    onTestFinished(() => kysely.destroy());
    const placeOrder = (order: { id: number }, cancel: boolean) =>
      kysely.transaction().execute(async (transaction) => {
        await transaction.insertInto(table).values({ id: order.id, item: 'clock' }).execute();
        const payload = { orderId: order.id };
        const id = `reminder-${order.id}`;
        await shop.scheduler.addJob({ id, trigger: soon(), handler: 'remind', payload, transaction });
        if (cancel) throw new Error('cancelled');
      });
    expect(await holds(shop, placeOrder, counting(connection, table))).toEqual(BOTH);
  });
});

it('on SQLite, of the handle that the transaction is open on, carries a job', async () => {
  const { url } = await scratchOn('SQLite');
  const db = new Libsql(url);
  onTestFinished(() => void db.close());
  const shop = await openShop(sqliteStore(db));
  const { scheduler } = shop;
  db.exec(TABLE);
  const placeOrder = async (order: { id: number }, cancel: boolean) => {
    // #region sqlite
    db.exec('begin immediate');
    try {
      db.prepare('insert into orders (id) values (?)').run(order.id);
      await scheduler.addJob({
        id: `reminder-${order.id}`,
        trigger: soon(),
        handler: 'remind',
        payload: { orderId: order.id },
        transaction: db,
      });
      if (cancel) throw new Error('cancelled');
      db.exec('commit');
    } catch (error) {
      db.exec('rollback');
      throw error;
    }
    // #endregion
  };
  expect(await holds(shop, placeOrder, async () => db.prepare('select id from orders').all().length)).toEqual(
    BOTH,
  );
});
