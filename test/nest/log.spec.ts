import { Injectable } from '@nestjs/common';
import { describe, expect, it } from 'vitest';
import { anyOf, cron, every, Interval, type RunContext } from '@carillon/scheduler';
import { startApp, type TestApp } from './testing-app.js';

const said = ({ lines }: Pick<TestApp, 'lines'>): string[] =>
  lines.slice(1).map(({ level, text }) => `${level} ${text}`);
/** Run ids differ from process to process. */
const RUN = /run-[0-9a-f]{8}-\w+/g;

describe('the log', () => {
  it('has a warning for a failed attempt that a retry follows, and an error with its stack for the last', async () => {
    const test = await startApp();
    const handler = (): never => {
      throw new Error('no connection');
    };
    await test.scheduler.addJob({
      id: 'fetch',
      trigger: every('1s'),
      handler,
      retry: { attempts: 2, backoff: 'fixed', delay: '500ms' },
      maxRuns: 1,
    });
    await test.clock.advance(2_000);
    expect(said(test).map((line) => line.replaceAll(RUN, 'R'))).toEqual([
      'warn Job "fetch" failed (run R, attempt 1, next attempt at 2027-01-04T00:00:01.500Z): no connection',
      'error Job "fetch" failed (run R, attempt 2, no further attempt): no connection',
    ]);
    expect(test.lines[1].stack).toBeUndefined();
    expect(test.lines[2].stack).toContain('log.spec.ts');
  });

  it('has a warning for an attempt that timed out while a retry follows, and an error for the last', async () => {
    const test = await startApp();
    await test.scheduler.addJob({
      id: 'slow',
      trigger: every('1s'),
      handler: ({ signal }) => new Promise((_, reject) => signal.addEventListener('abort', reject)),
      timeout: '500ms',
      retry: { attempts: 2, delay: '100ms' },
      maxRuns: 1,
    });
    await test.clock.advance(3_000);
    expect(said(test)).toEqual([
      expect.stringMatching(
        /^warn Job "slow" timed out \(run .*, attempt 1, another attempt follows.*\): .*500 ms/,
      ),
      expect.stringMatching(
        /^error Job "slow" timed out \(run .*, attempt 2, no further attempt\): .*500 ms/,
      ),
    ]);
    expect(test.lines.find(({ level }) => level === 'error')).toMatchObject({ stack: undefined });
  });

  it('has a warning for skipped ticks: the first, then one a minute with what was left out', async () => {
    const test = await startApp();
    await test.scheduler.addJob({ id: 'slow', trigger: every('1s'), handler: () => new Promise(() => {}) });
    await test.scheduler.addJob({ id: 'other', trigger: every('20s'), handler: () => new Promise(() => {}) });
    await test.clock.advance(70_000);
    expect(said(test)).toEqual([
      'warn Job "slow" skipped its tick at 2027-01-04T00:00:02.000Z: the previous run was still alive.',
      'warn Job "other" skipped its tick at 2027-01-04T00:00:40.000Z: the previous run was still alive.',
      'warn Job "slow" skipped its tick at 2027-01-04T00:01:02.000Z: the previous run was still alive. (59 more such lines left out before this one)',
    ]);
  });

  it('tells of missed and merged ticks, of pauses and of a stepped clock', async () => {
    const test = await startApp();
    const { clock, scheduler } = test;
    await scheduler.addJob({
      id: 'strict',
      trigger: cron('* * * * *'),
      handler: () => {},
      misfireGrace: '5s',
    });
    await scheduler.addJob({ id: 'easy', trigger: cron('* * * * *'), handler: () => {} });
    await scheduler.pauseJob('easy', { note: 'checking', by: 'ana' });
    await scheduler.resumeJob('easy');
    await scheduler.pause();
    await clock.advance(150_000);
    await scheduler.resume();
    await clock.advance(0);
    clock.stepWall(3_600_000);
    await clock.advance(1_000);
    const lines = said(test).map((line) => line.replaceAll(RUN, 'R'));
    expect(lines.slice(0, 6)).toEqual([
      'log Job "easy" was paused by ana: checking',
      'log Job "easy" was resumed.',
      'log Paused: this process claims no runs until resume().',
      'log Resumed.',
      'warn Job "strict" missed 2 ticks from 2027-01-04T00:01:00.000Z to 2027-01-04T00:02:00.000Z: later than misfireGrace allows.',
      'log Job "easy" merged 1 overdue tick into run R.',
    ]);
    expect(lines).toContainEqual(expect.stringMatching(/^warn The wall clock was set forward by 3600000 ms/));
  });

  it('says of a combined trigger that it missed at least so many ticks', async () => {
    const test = await startApp();
    const { clock, scheduler } = test;
    const trigger = anyOf(cron('* * * * * *'), cron('0 0 1 1 *'));
    await scheduler.addJob({ id: 'strict', trigger, handler: () => {}, misfireGrace: '0s' });
    await scheduler.addJob({ id: 'easy', trigger, handler: () => {} });
    clock.suspend(86_400_500);
    await clock.advance(0);
    expect(said(test).map((line) => line.replaceAll(RUN, 'R'))).toEqual([
      'warn Job "strict" missed at least 10000 ticks from 2027-01-04T00:00:01.000Z to 2027-01-05T00:00:00.000Z: later than misfireGrace allows.',
      'log Job "easy" merged at least 10000 overdue ticks into run R.',
    ]);
  });

  it('has the lines of handlers, with their job and run', async () => {
    @Injectable()
    class Tasks {
      @Interval('1s')
      tick({ log }: RunContext): void {
        log.info('told');
        log.warn('warned');
        log.debug('detailed');
        log.error('went wrong', new Error('because'));
        log.error(new TypeError('caught') as never);
        log.info({ sent: 3 } as never);
      }
    }
    const test = await startApp({ providers: [Tasks] });
    await test.clock.advance(1_000);
    expect(said(test).map((line) => line.replaceAll(RUN, 'R'))).toEqual([
      'log [Tasks.tick R] told',
      'warn [Tasks.tick R] warned',
      'debug [Tasks.tick R] detailed',
      'error [Tasks.tick R] went wrong: because',
      'error [Tasks.tick R] caught',
      'log [Tasks.tick R] {"sent":3}',
    ]);
    expect(test.lines.at(-3)!.stack).toContain('because');
    expect(test.lines.at(-2)!.stack).toContain('TypeError: caught');
  });
});
