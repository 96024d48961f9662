import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Cron, type RunContext, SchedulerModule, SchedulerService } from '@carillon/scheduler';
import { EffectsTable } from '../../../cluster/effects/effects-table.js';
import type { Answer, Command, Effect, ReplicaSettings } from '../../../cluster/replica/protocol.js';
import { storeOf } from '../../../cluster/replica/store-of.js';

const settings = JSON.parse(process.env['REPLICA_SETTINGS']!) as ReplicaSettings;
const effects = new EffectsTable(settings.effects);
const say = (answer: Answer) => void process.send?.(answer);

function note({ id: runId, jobId, scheduledAt, token, attempt }: RunContext): Promise<void> {
  const tick = scheduledAt?.getTime() ?? null;
  const effect: Effect = { kind: 'began', runId, jobId, tick, attempt, token, replica: settings.name };
  return effects.append(effect);
}

class First {
  @Cron('* * * * * *', { id: 'beat', timezone: 'UTC', coalesce: 'all', overlap: 'queueAll' })
  beat(run: RunContext): Promise<void> {
    return note(run);
  }

  @Cron('* * * * * *', { id: 'first-only', timezone: 'UTC' })
  gone(run: RunContext): Promise<void> {
    return note(run);
  }
}

/** The same job at even seconds only. */
class Second {
  @Cron('*/2 * * * * *', { id: 'beat', timezone: 'UTC', coalesce: 'all', overlap: 'queueAll' })
  beat(run: RunContext): Promise<void> {
    return note(run);
  }
}

@Module({
  imports: [SchedulerModule.forRoot({ store: storeOf(settings.store), drainTimeout: '3s', log: false })],
  providers: [process.env['DEPLOYED_VERSION'] === '2' ? Second : First],
})
class DeployedModule {}

const app = await NestFactory.createApplicationContext(DeployedModule, { logger: false });
app.enableShutdownHooks();
for (const type of ['job.edited', 'job.orphaned'] as const) {
  app
    .get(SchedulerService)
    .on(type)
    .subscribe(({ jobId }) => say({ kind: 'event', type: `${type} ${jobId}`, error: null }));
}
process.on('message', ({ kind }: Command) => {
  if (kind === 'stop') void app.close().then(() => process.exit(0));
});
// Who started it is gone.
process.on('disconnect', () => process.exit(1));
say({ kind: 'ready' });
