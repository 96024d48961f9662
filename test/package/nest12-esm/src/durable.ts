/** `durable.js add` stops with a reminder waiting; `durable.js run`, another process, sees it run. */
import 'reflect-metadata';
import assert from 'node:assert';
import { existsSync, rmSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  at,
  defineHandler,
  JobHandler,
  type RunContext,
  SchedulerModule,
  SchedulerService,
} from '@carillon/scheduler';
import { sqliteStore } from '@carillon/sql';

const remind = defineHandler('remind');

@Injectable()
class Reminders {
  readonly reminded: unknown[] = [];

  @JobHandler(remind)
  remind({ payload }: RunContext): void {
    this.reminded.push(payload);
  }
}

const FILE = 'reminders.db';

@Module({ imports: [SchedulerModule.forRoot({ store: sqliteStore(FILE) })], providers: [Reminders] })
class RemindersModule {}

const [, , step] = process.argv;
if (step === 'add') for (const file of [FILE, `${FILE}-wal`, `${FILE}-shm`]) rmSync(file, { force: true });
const app = await NestFactory.createApplicationContext(RemindersModule, { logger: ['warn', 'error'] });
const scheduler = app.get(SchedulerService);
if (step === 'add') {
  const trigger = at(new Date(Date.now() + 2000));
  await scheduler.addJob({ id: 'tea', trigger, handler: remind, payload: { text: 'Tea is ready' } });
  assert(existsSync(FILE));
} else {
  const { reminded } = app.get(Reminders);
  for (let tries = 0; tries < 200 && reminded.length === 0; tries++) await wait(50);
  assert.deepStrictEqual(reminded, [{ text: 'Tea is ready' }]);
  console.log('Nest 12, ESM: a reminder survived the restart');
}
await app.close();
