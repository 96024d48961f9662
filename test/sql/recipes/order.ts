import 'reflect-metadata';
import { Test } from '@nestjs/testing';
import { expect, onTestFinished } from 'vitest';
import {
  JobHandler,
  type RunContext,
  SchedulerModule,
  SchedulerService,
  type Store,
} from '@carillon/scheduler';

export const TABLE = 'create table orders (id int primary key, item varchar(100))';

export const idsOf = async (scheduler: SchedulerService): Promise<string[]> =>
  (await scheduler.getJobs()).map(({ id }) => id);

export const BOTH = ['reminder-1', 'reminder-2'];

/** A reminder as the recipes schedule it. */
interface Reminder {
  orderId: number;
}

/** Does what the recipes schedule, and tells that it did. */
class Reminders {
  @JobHandler('remind')
  remind({ payload }: RunContext<Reminder>): void {
    for (const hear of listeners) hear(payload.orderId);
  }
}

const listeners = new Set<(orderId: number) => void>();

export interface Shop {
  readonly scheduler: SchedulerService;
  /** The order that the next reminder is about. */
  reminded(): Promise<number>;
}

/** An application whose jobs are in the database that it keeps its orders in. */
export async function openShop(store: Store): Promise<Shop> {
  const module = await Test.createTestingModule({
    imports: [SchedulerModule.forRoot({ store, log: false })],
    providers: [Reminders],
  }).compile();
  const app = module.createNestApplication();
  app.enableShutdownHooks();
  await app.init();
  onTestFinished(() => app.close());
  return {
    scheduler: app.get(SchedulerService),
    reminded: () =>
      new Promise((resolve) => {
        const hear = (orderId: number) => {
          listeners.delete(hear);
          resolve(orderId);
        };
        listeners.add(hear);
      }),
  };
}

/**
 * The order and its reminder are there together, or not at all; and what is due runs at once.
 *
 * @param placeOrder adds an order and its reminder in one transaction, which is rolled back if `cancel`
 * @returns the ids of the reminders: of order 1 and of order 2
 */
export async function holds(
  shop: Shop,
  placeOrder: (order: { id: number }, cancel: boolean) => Promise<unknown>,
  orders: () => Promise<number>,
): Promise<string[]> {
  await expect(placeOrder({ id: 1 }, true)).rejects.toThrow('cancelled');
  expect([await orders(), await idsOf(shop.scheduler)]).toEqual([0, []]);

  const reminded = shop.reminded();
  await placeOrder({ id: 2 }, false);
  expect([await orders(), await idsOf(shop.scheduler)]).toEqual([1, ['reminder-2']]);
  expect(await reminded).toBe(2);
  // What was rolled back has left nothing behind that would refuse it now.
  await placeOrder({ id: 1 }, false);
  return idsOf(shop.scheduler);
}
