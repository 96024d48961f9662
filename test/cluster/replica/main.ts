import { stepClock } from './clock-offset.js';
import 'reflect-metadata';
import { setTimeout as pause } from 'node:timers/promises';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  JobHandler,
  type RunContext,
  SchedulerModule,
  SchedulerService,
  triggerFromJson,
} from '@carillon/scheduler';
import { EffectsTable } from '../effects/effects-table.js';
import { crash, crashing } from './crashes.js';
import type { Answer, Command, Effect, JobOrder, ReplicaSettings, Work } from './protocol.js';
import { storeOf } from './store-of.js';

const settings = JSON.parse(process.env['REPLICA_SETTINGS']!) as ReplicaSettings;
const effects = new EffectsTable(settings.effects);
const say = (answer: Answer) => void process.send?.(answer);
/** The longest that Node can wait for. */
const LONGEST_MS = 2 ** 31 - 1;

class Worker {
  @JobHandler('work')
  async work(run: RunContext<Work | undefined>): Promise<void> {
    if (settings.crashAt === 'beforeTheEffect') crash(settings);
    await this.note('began', run);
    if (settings.crashAt === 'afterTheEffect') crash(settings);
    const { ms = 0, fails = 0, forever = false } = run.payload ?? {};
    try {
      await pause(forever ? LONGEST_MS : ms, undefined, { signal: run.signal });
    } catch {
      await this.note('aborted', run, (run.signal.reason as { code?: string }).code);
      throw run.signal.reason as Error;
    }
    if (Math.random() < fails) throw new Error('by chance');
    await this.note('ended', run);
  }

  /** Resolves once it is kept, whatever becomes of this process. */
  private async note(kind: Effect['kind'], run: RunContext, reason?: string): Promise<void> {
    const effect: Effect = {
      kind,
      runId: run.id,
      jobId: run.jobId,
      tick: run.scheduledAt?.getTime() ?? null,
      attempt: run.attempt,
      token: run.token,
      replica: settings.name,
      reason,
    };
    await effects.append(effect);
  }
}

@Module({
  imports: [
    SchedulerModule.forRoot({
      store: crashing(storeOf(settings.store), settings),
      drainTimeout: '3s',
      abortGrace: '500ms',
      log: process.env['REPLICA_LOG'] === '1',
    }),
  ],
  providers: [Worker],
})
class ReplicaModule {}

const app = await NestFactory.createApplicationContext(ReplicaModule, {
  logger: process.env['REPLICA_LOG'] === '1' ? undefined : false,
  abortOnError: false,
});
app.enableShutdownHooks();
const scheduler = app.get(SchedulerService);
for (const type of [
  'store.down',
  'store.up',
  'scheduler.clockDiffers',
  'scheduler.clockStepped',
  'job.parked',
] as const) {
  scheduler.on(type).subscribe((event) => {
    say({ kind: 'event', type, error: 'error' in event ? String(event.error) : null });
  });
}

process.on('message', (command: Command) => void obey(command));
// Who started it is gone.
process.on('disconnect', () => process.exit(1));
say({ kind: 'ready' });

async function add({ id, trigger, payload, ...policies }: JobOrder): Promise<void> {
  const job = { id, trigger: triggerFromJson(trigger), handler: 'work', payload, ...policies };
  await scheduler.addJob({ ...job, ifTaken: 'keep' });
}

async function obey(command: Command): Promise<void> {
  switch (command.kind) {
    case 'add':
      await Promise.all(command.jobs.map(add));
      return say({ kind: 'added' });
    case 'stepClock':
      stepClock(command.ms);
      return say({ kind: 'stepped' });
    case 'stop':
      await app.close();
      await effects.close();
      process.exit(0);
  }
}
