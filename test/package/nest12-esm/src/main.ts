import 'reflect-metadata';
import assert from 'node:assert';
import { createRequire } from 'node:module';
import { setTimeout as wait } from 'node:timers/promises';
import { NestFactory } from '@nestjs/core';
import { SchedulerService } from '@carillon/scheduler';
import { ManualClock } from '@carillon/scheduler/testing';
import { Beats, BeatsModule } from './beats.js';

const app = await NestFactory.createApplicationContext(BeatsModule, { logger: ['warn', 'error'] });
app.enableShutdownHooks();
const beats = app.get(Beats);
assert(beats.scheduler instanceof SchedulerService);
assert.strictEqual(beats.scheduler, app.get(SchedulerService));
assert.strictEqual((await beats.scheduler.getJobs()).length, 1);
await wait(300);
assert(beats.count >= 2, `ticked ${beats.count} times in 300 ms`);

await app.close();
const counted = beats.count;
await wait(150);
assert.strictEqual(beats.count, counted, 'ticked after the shutdown');

// import() and require() must give one instance, or an injection token would not match itself.
const require = createRequire(import.meta.url);
assert.strictEqual(require('@carillon/scheduler').SchedulerService, SchedulerService);
assert.strictEqual(require('@carillon/scheduler/testing').ManualClock, ManualClock);
console.log(`Nest 12, ESM: ticked ${counted} times, shut down, one instance`);
