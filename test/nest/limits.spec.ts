import { Injectable } from '@nestjs/common';
import { describe, expect, it } from 'vitest';
import { at, Cron, every, Interval, type RunContext, type Engine } from '@carillon/scheduler';
import type { JobSpec } from '@carillon/scheduler/store';
import { held } from '../engine/world.js';
import { compile, createApp, rejection, startApp } from './testing-app.js';

describe('concurrency and groups', () => {
  it('let no more attempts run at once than the whole and the group may; the rest waits, and keeps its tick', async () => {
    const { clock, scheduler } = await startApp({ options: { concurrency: 3, groups: { mail: 1 } } });
    const { handler, starts, open } = held();
    const begun: string[] = [];
    const named = (run: RunContext): unknown => {
      begun.push(run.jobId);
      return handler(run as never);
    };
    const trigger = at(new Date(clock.now() + 1_000));
    for (const id of ['mail-1', 'mail-2']) {
      await scheduler.addJob({ id, trigger, handler: named, group: 'mail' });
    }
    for (const id of ['other-1', 'other-2', 'other-3']) {
      await scheduler.addJob({ id, trigger, handler: named });
    }
    await clock.advance(5_000);
    expect(begun).toEqual(['mail-1', 'other-1', 'other-2']);
    open[1]!.end();
    await clock.advance(1);
    expect(begun.slice(3)).toEqual(['other-3']);
    open[0]!.end();
    await clock.advance(1);
    expect(begun.slice(4)).toEqual(['mail-2']);
    expect(starts).toEqual(Array(5).fill('00:00:01'));
  });

  it('are for our own engine: another has its own', async () => {
    const engine = { putJob() {} } as unknown as Engine;
    for (const options of [{ concurrency: 5 }, { concurrency: null }, { groups: { mail: 1 } }]) {
      const error = await rejection(compile({ options: { engine, ...options } }));
      expect(error).toMatchObject({ code: 'INVALID_OPTIONS', field: Object.keys(options)[0] });
    }
  });

  it.each<[string, object, string]>([
    ['no place at all', { concurrency: 0 }, '"concurrency" cannot be 0'],
    ['a part of a place', { concurrency: 1.5 }, '"concurrency" cannot be 1.5'],
    ['no place in a group', { groups: { mail: 0 } }, '"groups.mail" cannot be 0'],
    ['no limit of a group', { groups: { mail: null } }, '"groups.mail" cannot be null'],
    ['a group without a name', { groups: { '': 1 } }, '"groups" cannot be ""'],
    ['groups as a list', { groups: ['mail'] }, '"groups" cannot be ["mail"]'],
    [
      'a misspelt group of all jobs',
      { groups: { mail: 1 }, defaults: { group: 'mial' } },
      '"defaults.group" cannot be "mial". SchedulerModule\'s groups has no limit of this name. Did you mean \'mail\'?',
    ],
  ])('refuse %s', async (_, options, message) => {
    const error = await rejection(compile({ options }));
    expect(error).toMatchObject({ code: 'INVALID_OPTIONS', message: expect.stringContaining(message) });
  });
});

describe('the group of a job', () => {
  const options = { groups: { mail: 1, reports: 2 } };
  const unknown = {
    code: 'INVALID_OPTIONS',
    field: 'group',
    value: 'mial',
    message: expect.stringContaining("Did you mean 'mail'?"),
  };

  it('is one of those that have a limit, so that a misspelt one does not go without', async () => {
    const { scheduler } = await startApp({ options });
    const job = { trigger: every('1h'), handler: () => {} };
    expect(await rejection(scheduler.addJob({ ...job, group: 'mial' }))).toMatchObject(unknown);
    await scheduler.addJob({ id: 'a', ...job, group: 'mail' });
    expect(await rejection(scheduler.updateJob('a', { group: 'mial' }))).toMatchObject(unknown);
    expect(await scheduler.updateJob('a', { group: 'reports' })).toMatchObject({
      policies: { group: 'reports' },
    });
    expect(await scheduler.updateJob('a', { group: null })).toMatchObject({ policies: { group: null } });
  });

  it('is checked on a decorator, whose place the error names', async () => {
    @Injectable()
    class Tasks {
      @Cron('0 3 * * *', { group: 'mial' })
      nightly(): void {}
    }
    const { app } = await createApp({ providers: [Tasks], options });
    const error = await rejection(app.init());
    expect(error).toMatchObject(unknown);
    expect(error.message).toMatch(/^@Cron on Tasks\.nightly: /);
  });

  it('may be any where another engine has the limits', async () => {
    const specs: JobSpec[] = [];
    const engine = {
      open() {},
      start() {},
      stop: async () => {},
      putJob: (spec: JobSpec) => ({ change: 'same', job: specs.push(spec), recorded: [], changed: [] }),
    } as unknown as Engine;
    const { scheduler } = await startApp({ options: { engine } });
    await scheduler.addJob({ id: 'a', trigger: every('1h'), handler: () => {}, group: 'mail' });
    expect(specs).toMatchObject([{ policies: { group: 'mail' } }]);
  });
});

describe('the policies that came last', () => {
  it('are options of decorators too', async () => {
    @Injectable()
    class Tasks {
      @Interval('1s', { overlap: 'queueOne', group: 'mail', pauseAfterFailures: 3 })
      one(): void {}
      @Interval('1s', { overlap: 'queueAll' })
      all(): void {}
      @Interval('1s', { overlap: 'cancelPrevious' })
      newest(): void {}
    }
    const { scheduler } = await startApp({ providers: [Tasks], options: { groups: { mail: 2 } } });
    const policies = async (id: string) => (await scheduler.getJob(id))!.policies;
    expect(await policies('Tasks.one')).toMatchObject({
      overlap: 'queueOne',
      group: 'mail',
      pauseAfterFailures: 3,
    });
    expect((await policies('Tasks.all')).overlap).toBe('queueAll');
    expect((await policies('Tasks.newest')).overlap).toBe('cancelPrevious');
  });

  it('pause a job after so many failed runs, which the log tells', async () => {
    const { clock, scheduler, lines } = await startApp();
    const handler = () => Promise.reject(new Error('no'));
    await scheduler.addJob({ id: 'fetch', trigger: every('1s'), handler, pauseAfterFailures: 2 });
    await clock.advance(5_000);
    expect(await scheduler.getJob('fetch')).toMatchObject({
      state: 'paused',
      pause: { note: '2 failed runs in a row', by: 'pauseAfterFailures' },
    });
    expect(lines.at(-1)!.text).toBe('Job "fetch" was paused by pauseAfterFailures: 2 failed runs in a row');
  });
});

describe('what a handler tells', () => {
  it('is kept with its run; progress has no line in the log', async () => {
    const { clock, scheduler, lines } = await startApp();
    const handler = (run: RunContext) => {
      run.progress(0.4, 'page 4 of 10');
      run.log.info('fetched');
      return { pages: 10 };
    };
    await scheduler.addJob({ id: 'fetch', trigger: every('1s'), handler });
    const progress: unknown[] = [];
    scheduler.on('run.progressed').subscribe(({ share, note }) => progress.push([share, note]));
    await clock.advance(1_000);
    expect(progress).toEqual([[0.4, 'page 4 of 10']]);
    expect(await scheduler.getRuns()).toMatchObject([
      {
        progress: { share: 0.4, note: 'page 4 of 10', at: new Date(clock.now()) },
        log: [{ level: 'info', message: 'fetched', at: new Date(clock.now()) }],
        result: { kept: true, value: { pages: 10 } },
      },
    ]);
    expect(lines.slice(1).map(({ text }) => text)).toEqual([expect.stringMatching(/\] fetched$/)]);
  });
});
