// The program of docs/guides/coming-from-spring.md: compiled here, and run. quotes.spec.ts compares the
// regions with the guide.
import { Injectable, Logger, Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  Cron,
  Interval,
  type Run,
  type RunContext,
  SCHEDULER_CLOCK,
  SchedulerModule,
  SchedulerService,
} from '@carillon/scheduler';
import { ManualClock } from '@carillon/scheduler/testing';
import { recordingLogger } from '../nest/testing-app.js';

class Outbox {
  /** What the next reads answer: messages, an error, or messages after a while. */
  readonly answers: (string[] | Error | Promise<string[]>)[] = [];
  reads = 0;
  purges = 0;
  signal: AbortSignal | undefined;

  async pending(options: { signal: AbortSignal }): Promise<string[]> {
    this.reads++;
    this.signal = options.signal;
    const answer = this.answers.shift() ?? [];
    if (answer instanceof Error) throw answer;
    return answer;
  }

  async purge(): Promise<void> {
    this.purges++;
  }
}

class Broker {
  readonly published: string[] = [];
  closed = false;

  async publish(message: string): Promise<void> {
    if (this.closed) throw new Error('The broker is closed.');
    this.published.push(message);
  }

  onModuleDestroy(): void {
    this.closed = true;
  }
}

// #region poller
@Injectable()
export class OutboxPoller {
  private readonly log = new Logger(OutboxPoller.name);

  constructor(
    private readonly outbox: Outbox,
    private readonly broker: Broker,
  ) {}

  @Interval('5s', { id: 'outbox', mode: 'delay', initialDelay: '10s' })
  async poll(run: RunContext) {
    for (const message of await this.outbox.pending({ signal: run.signal })) {
      await this.broker.publish(message);
    }
  }

  @Interval('1m', { id: 'heartbeat', runOnStart: true })
  heartbeat() {
    this.log.debug('alive');
  }

  @Cron('0 0 9 * * MON-FRI', { id: 'purge', timezone: 'Europe/Berlin' })
  async purge() {
    await this.outbox.purge();
  }
}
// #endregion

// #region module
@Module({
  imports: [SchedulerModule.forRoot({ drainTimeout: '20s' })],
  providers: [OutboxPoller, Outbox, Broker],
})
export class PollerModule {}
// #endregion

/** A Monday. */
const START = '2027-01-04T00:00:00Z';

/** Seconds between the start of the world and an instant. */
const second = (at: Date | null): number => (at!.getTime() - Date.parse(START)) / 1000;

async function start() {
  const clock = new ManualClock(START);
  const module = await Test.createTestingModule({ imports: [PollerModule] })
    .overrideProvider(SCHEDULER_CLOCK)
    .useValue(clock)
    .setLogger(recordingLogger().logger)
    .compile();
  await module.init();
  const scheduler = module.get(SchedulerService);
  let closed: Promise<void> | null = null;
  /** Resolves when the application has gone down. Time must pass for that when a poll hangs. */
  const close = (): Promise<void> => (closed ??= module.close());
  onTestFinished(async () => {
    void close();
    await clock.advance(60_000);
    await close();
  });
  return { clock, scheduler, close, outbox: module.get(Outbox), broker: module.get(Broker) };
}

async function history(scheduler: SchedulerService, jobId: string): Promise<Run[]> {
  return (await scheduler.getRuns({ jobId })).toReversed();
}

describe('docs/guides/coming-from-spring.md, the poller', () => {
  it('polls first after the initial delay, then five seconds after each poll has ended', async () => {
    const { clock, scheduler, outbox, broker } = await start();
    outbox.answers.push(['one'], ['two', 'three']);
    await clock.advance(9_999);
    expect(outbox.reads).toBe(0);
    await clock.advance(1);
    expect(broker.published).toEqual(['one']);
    await clock.advance(10_000);
    const polls = await history(scheduler, 'outbox');
    expect(polls.map(({ scheduledAt }) => second(scheduledAt))).toEqual([10, 15, 20]);
    expect(broker.published).toEqual(['one', 'two', 'three']);
  });

  it('waits for a slow poll and skips nothing', async () => {
    const { clock, scheduler, outbox } = await start();
    let answer!: (messages: string[]) => void;
    outbox.answers.push(new Promise((resolve) => (answer = resolve)));
    await clock.advance(10_000 + 42_000);
    expect(outbox.reads).toBe(1);
    answer([]);
    await clock.advance(5_000);
    const polls = await history(scheduler, 'outbox');
    expect(polls.map(({ scheduledAt }) => second(scheduledAt))).toEqual([10, 57]);
    expect(polls.map(({ outcome }) => outcome)).toEqual(['succeeded', 'succeeded']);
  });

  it('goes on after a poll that throws, and keeps the error', async () => {
    const { clock, scheduler, outbox } = await start();
    const alerts: string[] = [];
    const alert = (text: string) => void alerts.push(text);
    // #region errors
    scheduler.errors$.subscribe(({ jobId, error }) => alert(`${jobId}: ${String(error)}`));
    // #endregion
    outbox.answers.push(new Error('connection refused'));
    await clock.advance(15_000);
    const polls = await history(scheduler, 'outbox');
    expect(polls.map(({ outcome }) => outcome)).toEqual(['failed', 'succeeded']);
    expect(polls[0]!.attempts.at(-1)!.error?.message).toBe('connection refused');
    expect(alerts).toEqual(['outbox: Error: connection refused']);
  });

  it('lets a poll end on shutdown, while what it needs is still open', async () => {
    const { clock, scheduler, outbox, broker, close } = await start();
    let answer!: (messages: string[]) => void;
    outbox.answers.push(new Promise((resolve) => (answer = resolve)));
    await clock.advance(12_000);
    const closed = close();
    await clock.advance(3_000);
    expect(broker.closed).toBe(false);
    expect(outbox.signal!.aborted).toBe(false);
    answer(['last']);
    await clock.settle();
    await closed;
    expect(broker).toEqual({ published: ['last'], closed: true });
    expect(await history(scheduler, 'outbox')).toMatchObject([{ outcome: 'succeeded' }]);
    await clock.advance(60_000);
    expect(outbox.reads).toBe(1);
  });

  it('aborts a poll that does not end within the drain', async () => {
    const { clock, scheduler, outbox, close } = await start();
    outbox.answers.push(new Promise(() => {}));
    await clock.advance(10_000);
    const closed = close();
    await clock.advance(19_999);
    expect(outbox.signal!.aborted).toBe(false);
    await clock.advance(1);
    expect(outbox.signal!.aborted).toBe(true);
    await clock.advance(1_000);
    await closed;
    expect(await history(scheduler, 'outbox')).toMatchObject([{ outcome: 'abandoned', reason: 'shutdown' }]);
  });

  it('beats from the start on, and purges on working days at nine in Berlin', async () => {
    const { clock, scheduler, outbox } = await start();
    await clock.advance(120_000);
    const beats = await history(scheduler, 'heartbeat');
    expect(beats.map(({ scheduledAt }) => second(scheduledAt))).toEqual([0, 60, 120]);
    const { trigger } = (await scheduler.getJob('purge'))!;
    expect(trigger.preview(6, new Date(START)).map(({ at }) => at.getUTCDay())).toEqual([1, 2, 3, 4, 5, 1]);
    await clock.advanceTo('2027-01-04T07:59:59Z');
    expect(outbox.purges).toBe(0);
    await clock.advance(1_000);
    expect(outbox.purges).toBe(1);
  });
});
