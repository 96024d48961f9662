// What docs/guides/coming-from-spring.md says besides its program. quotes.spec.ts compares the regions.
import { Injectable } from '@nestjs/common';
import { describe, expect, it } from 'vitest';
import {
  allOf,
  Cron,
  cron,
  every,
  Interval,
  InvalidCronError,
  type Run,
  type RunContext,
  type SchedulerService,
  Timeout,
} from '@carillon/scheduler';
import { code, read as readPage, rows, section } from '../docs/pages.js';
import { rejection, START, startApp } from '../nest/testing-app.js';

/** Seconds between the start of the world and an instant. */
const second = (at: Date | null): number => (at!.getTime() - Date.parse(START)) / 1000;

async function history(scheduler: SchedulerService, jobId: string): Promise<Run[]> {
  return (await scheduler.getRuns({ jobId })).toReversed();
}

interface Rhythm {
  there: string;
  here: string;
}

/** The rows about delays and rates, from the page itself. */
const rhythms: Rhythm[] = rows(section(await readPage('docs/guides/coming-from-spring.md'), 'What to write'))
  .map(([there, here]) => ({ there: code(there!), here: code(here!) }))
  .filter(({ there }) => /^(fixedDelay|fixedRate|initialDelay) = /.test(there));

/** The decorator that a cell of the page shows. */
function decoratorOf(text: string): MethodDecorator {
  const [, name, args] = /^@(\w+)\((.*)\)$/.exec(text)!;
  const json = args!.replaceAll("'", '"').replace(/(\w+):/g, '"$1":');
  const values = JSON.parse(`[${json}]`) as [string, object];
  return name === 'Timeout' ? Timeout(...values) : Interval(...values);
}

/** The number that Spring's annotation gives an attribute, as seconds. */
function attribute(text: string, name: string): number | null {
  const match = new RegExp(`${name} = (\\d+)`).exec(text);
  return match ? Number(match[1]) / 1000 : null;
}

describe('docs/guides/coming-from-spring.md, what to write', () => {
  it('has the five rhythms of the annotation', () => {
    expect(rhythms).toHaveLength(5);
  });

  it.each(rhythms)('$there is $here', async ({ there, here }) => {
    class Poller {
      poll(): void {}
    }
    const method = Object.getOwnPropertyDescriptor(Poller.prototype, 'poll')!;
    decoratorOf(here)(Poller.prototype, 'poll', method);
    const { clock, scheduler } = await startApp({ providers: [Poller] });
    await clock.advance(200_000);

    const first = attribute(there, 'initialDelay') ?? 0;
    const period = attribute(there, 'fixedDelay') ?? attribute(there, 'fixedRate');
    const expected = period === null ? [first] : [first, first + period, first + 2 * period];
    const ticks = (await history(scheduler, 'Poller.poll')).map((run) => second(run.scheduledAt));
    expect(ticks.slice(0, 3)).toEqual(expected);
    const [job] = await scheduler.getJobs();
    expect(job!.trigger.waitsForRun).toBe(attribute(there, 'fixedDelay') !== null);
  });
});

describe('docs/guides/coming-from-spring.md, what else it says', () => {
  it('an initial delay moves with a clock that is set back, and keeps the rhythm', async () => {
    @Injectable()
    class Poller {
      @Interval('1m', { id: 'poll', initialDelay: '10s' })
      poll(): void {}
    }
    const { clock, scheduler } = await startApp({ providers: [Poller] });
    await clock.advance(5_000);
    clock.stepWall(-3_600_000);
    await clock.advance(5_000);
    expect(await scheduler.getRuns()).toHaveLength(1);
    await clock.advance(60_000);
    expect(await scheduler.getRuns()).toHaveLength(2);
  });

  it.each([{ startAt: START }, { align: 'epoch' }, { runOnStart: true }] as const)(
    'an initial delay beside %o is refused at bootstrap',
    async (other) => {
      @Injectable()
      class Poller {
        @Interval('1m', { initialDelay: '10s', ...other })
        poll(): void {}
      }
      const [name] = Object.keys(other);
      const error = await rejection(startApp({ providers: [Poller] }));
      expect(error.code).toBe('INVALID_OPTIONS');
      expect(error.message).toContain(`Leave it out, or ${name}`);
    },
  );

  it('a poll that hangs lets go when its time is over, and the next one comes a delay later', async () => {
    @Injectable()
    class Poller {
      @Interval('5s', { id: 'poll', mode: 'delay', timeout: '30s' })
      async poll({ signal }: RunContext): Promise<void> {
        await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
      }
    }
    const { clock, scheduler } = await startApp({ providers: [Poller] });
    await clock.advance(40_000);
    const polls = await history(scheduler, 'poll');
    expect(polls.map(({ scheduledAt }) => second(scheduledAt))).toEqual([5, 40]);
    expect(polls.map(({ outcome }) => outcome)).toEqual(['timedOut', null]);
  });

  it('fixedRate: a run that takes too long is followed by the next tick of the grid, none in a burst', async () => {
    const { clock, scheduler } = await startApp();
    for (const [id, overlap] of [
      ['skips', 'skip'],
      ['queues', 'queueAll'],
    ] as const) {
      let left = 25_000;
      await scheduler.addJob({
        id,
        trigger: every('10s'),
        overlap,
        handler: () => {
          const takesMs = left;
          left = 0;
          return new Promise<void>((resolve) => void clock.setTimer(resolve, takesMs));
        },
      });
    }
    await clock.advance(50_000);
    const started = async (jobId: string) =>
      (await history(scheduler, jobId))
        .filter(({ outcome }) => outcome === 'succeeded')
        .map((run) => [second(run.scheduledAt), second(run.attempts[0]!.startedAt)]);
    expect(await started('skips')).toEqual([
      [10, 10],
      [40, 40],
      [50, 50],
    ]);
    expect(await started('queues')).toEqual([
      [10, 10],
      [20, 35],
      [30, 35],
      [40, 40],
      [50, 50],
    ]);
  });

  it('what a TaskScheduler is asked for at run time', async () => {
    const { clock, scheduler } = await startApp();
    const reads: number[] = [];
    const read = (): void => void reads.push(second(new Date(clock.now())));
    // #region task-scheduler
    await scheduler.addJob({
      id: 'feed',
      trigger: every('30s', { mode: 'delay', runOnStart: true }),
      handler: () => read(),
    });
    // #endregion
    await clock.advance(60_000);
    expect(reads).toEqual([0, 30, 60]);
    // #region future
    await scheduler.pauseJob('feed', { note: 'the feed is moving' });
    await scheduler.resumeJob('feed');
    await scheduler.runNow('feed');
    await scheduler.removeJob('feed');
    // #endregion
    await clock.advance(60_000);
    expect(reads).toEqual([0, 30, 60, 60]);
  });

  it('the jobs of one process of several', async () => {
    @Injectable()
    class Purge {
      // #region one-replica
      @Cron('0 0 9 * * *', { id: 'purge', disabled: process.env.RUN_JOBS !== 'yes' })
      async purge() {
        await this.outbox.purge();
      }
      // #endregion
      private readonly outbox = { purge: async () => {} };
    }
    const { scheduler } = await startApp({ providers: [Purge] });
    expect(await scheduler.getJob('purge')).toMatchObject({ state: 'disabled', nextDueAt: null });
  });

  it('both day fields: either here, both with allOf', () => {
    // #region both-days
    const either = cron('0 0 9 13 * FRI', { timezone: 'UTC' });
    const both = allOf(cron('0 0 9 13 * *', { timezone: 'UTC' }), cron('0 0 9 * * FRI', { timezone: 'UTC' }));
    // #endregion
    const from = new Date('2027-08-01T00:00:00Z');
    expect(either.next(from)).toEqual(new Date('2027-08-06T09:00:00Z'));
    expect(both.next(from)).toEqual(new Date('2027-08-13T09:00:00Z'));
    expect(both.next(both.next(from)!)).toEqual(new Date('2028-10-13T09:00:00Z'));
  });

  it('L-3 is the third day before the last', () => {
    const trigger = cron('0 0 0 L-3 * *', { timezone: 'UTC' });
    expect(trigger.next(new Date('2027-02-01T00:00:00Z'))).toEqual(new Date('2027-02-25T00:00:00Z'));
  });

  it.each(['-', '@DAILY'])('%s is refused', (expression) => {
    expect(() => cron(expression)).toThrow(InvalidCronError);
  });

  it('zone is refused with the name that is meant', async () => {
    @Injectable()
    class Purge {
      @Cron('0 0 9 * * *', { zone: 'Europe/Berlin' } as object)
      purge(): void {}
    }
    const { message } = await rejection(startApp({ providers: [Purge] }));
    expect(message).toBe('@Cron on Purge.purge: There is no option `zone`; did you mean `timezone`?');
  });
});
