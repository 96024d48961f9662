import { describe, expect, it } from 'vitest';
import { every, SchedulerError, SchedulerService } from '@carillon/scheduler';
import { LeasedMemoryStore } from '../engine/leased-memory.js';
import { rejection, startApp } from './testing-app.js';

/** Values that requests, query strings and untyped code bring along. */
const VALUES: Record<string, unknown> = {
  undefined: undefined,
  null: null,
  true: true,
  zero: 0,
  'minus one': -1,
  'a fraction': 1.5,
  NaN: Number.NaN,
  Infinity: Number.POSITIVE_INFINITY,
  'a bigint': 1n,
  'a symbol': Symbol('id'),
  'an empty string': '',
  'a string with NUL': 'a\0b',
  'a string with a newline': 'a\nb',
  'a lone surrogate': '\ud83d',
  'a long string': 'x'.repeat(256),
  'SQL in a string': 'x'.repeat(250) + "'; --  drop table",
  'an empty object': {},
  'an unknown name': { nonsense: 1 },
  'an operator': { $ne: null },
  'an empty list': [],
  'a list of strings': ['a', 'b'],
  'a list in a list': [[]],
  'a function': () => {},
  'a class': class {},
  'a Date': new Date(0),
  'no Date': new Date(Number.NaN),
  'a Map': new Map([['id', 'a']]),
  'a Buffer': Buffer.from('a'),
  'a String object': new String('a'),
  'a promise': Promise.resolve('a'),
  'a RegExp': /a/,
  'an Error': new Error('a'),
  'no prototype': Object.create(null),
  'a string in disguise': { toString: () => 'a', toJSON: () => 'a' },
  'a throw in disguise': {
    get id(): never {
      throw new TypeError('not for you');
    },
    toString(): never {
      throw new TypeError('not for you');
    },
    toJSON(): never {
      throw new TypeError('not for you');
    },
  },
  'a proxy of refusals': new Proxy({}, { get: refuse, has: refuse, ownKeys: refuse, getPrototypeOf: refuse }),
  'a revoked proxy': revoked(),
};
const wrongBut = (...right: string[]): [string, unknown][] =>
  Object.entries(VALUES).filter(([name]) => !right.includes(name));

type Call = (scheduler: SchedulerService, value: never) => unknown;
/** Empty objects are options without any. */
const NO_OPTIONS = ['undefined', 'an empty object', 'no prototype'];
const job = { trigger: every('1h'), handler: () => {} };
const from = new Date(0);

/** Every argument of every verb, and every option in it, with the values that are right there. */
const ARGUMENTS: Record<string, { call: Call; right: string[] }> = {
  'addJob(…)': { call: (s, value) => s.addJob(value), right: [] },
  'addJob({ id })': { call: (s, id) => s.addJob({ ...job, id }), right: ['undefined'] },
  'addJob({ trigger })': { call: (s, trigger) => s.addJob({ ...job, trigger }), right: [] },
  'addJob({ handler })': {
    call: (s, handler) => s.addJob({ ...job, handler }),
    right: ['a function', 'a class'],
  },
  'addJob({ disabled })': {
    call: (s, disabled) => s.addJob({ ...job, disabled }),
    right: ['undefined', 'true'],
  },
  'addJob({ ifTaken })': { call: (s, ifTaken) => s.addJob({ ...job, ifTaken }), right: ['undefined'] },
  'addJob({ transaction })': {
    call: (s, transaction) => s.addJob({ ...job, transaction }),
    right: ['undefined'],
  },
  'addJob({ overlap })': { call: (s, overlap) => s.addJob({ ...job, overlap }), right: ['undefined'] },
  'addJob({ maxRuns })': {
    call: (s, maxRuns) => s.addJob({ ...job, maxRuns }),
    right: ['undefined', 'null'],
  },
  'addJob({ timeout })': {
    call: (s, timeout) => s.addJob({ ...job, timeout }),
    right: ['undefined', 'null', 'a fraction'],
  },
  'addJob({ misfireGrace })': {
    call: (s, misfireGrace) => s.addJob({ ...job, misfireGrace }),
    right: ['undefined', 'null', 'zero', 'a fraction'],
  },
  'addJob({ group })': { call: (s, group) => s.addJob({ ...job, group }), right: ['undefined', 'null'] },
  'addJob({ retry })': {
    call: (s, retry) => s.addJob({ ...job, retry }),
    right: NO_OPTIONS,
  },
  'addJob({ retry: { when } })': {
    call: (s, when) => s.addJob({ ...job, retry: { when } }),
    right: ['undefined', 'a function', 'a class'],
  },
  'addJobs(requests)': { call: (s, requests) => s.addJobs(requests), right: ['an empty list'] },
  'addJobs(…) one of them': { call: (s, value) => s.addJobs([value]), right: [] },
  'addJobs(…, options)': { call: (s, options) => s.addJobs([], options), right: NO_OPTIONS },
  'addJobs({ transaction })': {
    call: (s, transaction) => s.addJobs([], { transaction }),
    right: ['undefined'],
  },
  'getJob(id)': { call: (s, id) => s.getJob(id), right: [] },
  'getJobs(…)': { call: (s, filter) => s.getJobs(filter), right: NO_OPTIONS },
  'getJobs({ state })': { call: (s, state) => s.getJobs({ state }), right: ['undefined'] },
  'getJobs({ origin })': { call: (s, origin) => s.getJobs({ origin }), right: ['undefined'] },
  'getJobs({ handler })': { call: (s, handler) => s.getJobs({ handler }), right: ['undefined'] },
  'getRuns(…)': { call: (s, filter) => s.getRuns(filter), right: NO_OPTIONS },
  'getRuns({ jobId })': { call: (s, jobId) => s.getRuns({ jobId }), right: ['undefined'] },
  'getRuns({ outcome })': {
    call: (s, outcome) => s.getRuns({ outcome }),
    right: ['undefined', 'an empty list'],
  },
  'getRuns({ state })': { call: (s, state) => s.getRuns({ state }), right: ['undefined'] },
  'getRuns({ from })': { call: (s, value) => s.getRuns({ from: value }), right: ['undefined', 'a Date'] },
  'getRuns({ to })': { call: (s, to) => s.getRuns({ to }), right: ['undefined', 'a Date'] },
  'getRuns({ limit })': { call: (s, limit) => s.getRuns({ limit }), right: ['undefined'] },
  'getRuns({ after })': { call: (s, after) => s.getRuns({ after }), right: ['undefined'] },
  'updateJob(id)': { call: (s, id) => s.updateJob(id, {}), right: [] },
  'updateJob(…)': { call: (s, update) => s.updateJob('a', update), right: NO_OPTIONS.slice(1) },
  'updateJob({ trigger })': { call: (s, trigger) => s.updateJob('a', { trigger }), right: ['undefined'] },
  'updateJob({ handler })': {
    call: (s, handler) => s.updateJob('a', { handler }),
    right: ['undefined', 'a function', 'a class'],
  },
  'updateJob({ disabled })': {
    call: (s, disabled) => s.updateJob('a', { disabled }),
    right: ['undefined', 'true'],
  },
  'pauseJob(id)': { call: (s, id) => s.pauseJob(id), right: [] },
  'pauseJob(…)': { call: (s, options) => s.pauseJob('a', options), right: NO_OPTIONS },
  'pauseJob({ until })': { call: (s, until) => s.pauseJob('a', { until }), right: ['undefined', 'null'] },
  'resumeJob(id)': { call: (s, id) => s.resumeJob(id), right: [] },
  'removeJob(id)': { call: (s, id) => s.removeJob(id), right: [] },
  'runNow(id)': { call: (s, id) => s.runNow(id), right: [] },
  'runNow(…)': { call: (s, options) => s.runNow('a', options), right: NO_OPTIONS },
  'backfill(id)': { call: (s, id) => s.backfill(id, { from, to: from }), right: [] },
  'backfill(…)': { call: (s, options) => s.backfill('a', options), right: [] },
  'backfill({ from })': { call: (s, value) => s.backfill('a', { from: value, to: from }), right: ['a Date'] },
  'backfill({ to })': { call: (s, to) => s.backfill('a', { from, to }), right: ['a Date'] },
  'backfill({ dryRun })': {
    call: (s, dryRun) => s.backfill('a', { from, to: from, dryRun }),
    right: ['undefined', 'true'],
  },
  'backfill({ force })': {
    call: (s, force) => s.backfill('a', { from, to: from, force }),
    right: ['undefined', 'true'],
  },
  'on(…)': { call: (s, type) => s.on(type), right: [] },
};
/** Verbs without arguments. */
const WITHOUT = ['pause', 'resume', 'health'];
/** Notes are any string that every database holds. */
const STRINGS = Object.keys(VALUES).filter(
  (name) => typeof VALUES[name] === 'string' && name !== 'a string with NUL',
);
for (const field of ['note', 'by']) {
  ARGUMENTS[`pauseJob({ ${field} })`] = {
    call: (s, value) => s.pauseJob('a', { [field]: value }),
    right: ['undefined', 'null', ...STRINGS],
  };
}

/** Payloads have a copy of their own: what JSON has a form for is right. */
const PAYLOADS = {
  'addJob({ payload })': (s: SchedulerService, payload: unknown) => s.addJob({ ...job, payload }),
  'updateJob({ payload })': (s: SchedulerService, payload: unknown) => s.updateJob('a', { payload }),
  'runNow({ payload })': (s: SchedulerService, payload: unknown) => s.runNow('a', { payload }),
};

async function errorOf(call: () => unknown): Promise<unknown> {
  try {
    await call();
  } catch (error) {
    return error;
  }
  return null;
}

describe('an argument of a wrong type', () => {
  it('is looked for in every verb', () => {
    const verbs = Object.getOwnPropertyNames(SchedulerService.prototype).filter(
      (name) => !['constructor', 'requireJob', 'publishPut'].includes(name),
    );
    const tried = Object.keys(ARGUMENTS).map((name) => name.split('(')[0]!);
    expect([...new Set([...tried, ...WITHOUT])].toSorted()).toEqual(verbs.toSorted());
  });

  it.each(Object.entries(ARGUMENTS))(
    'is a SchedulerError that names it: %s',
    async (name, { call, right }) => {
      const { scheduler } = await startApp();
      await scheduler.addJob({ id: 'a', ...job });
      const field = /\{ (?:retry: \{ )?(\w+)/.exec(name)?.[1] ?? /\((\w+)\)/.exec(name)?.[1];
      for (const [what, value] of wrongBut(...right)) {
        const error = await errorOf(() => call(scheduler, value as never));
        expect(error, what).toBeInstanceOf(SchedulerError);
        const { message, code } = error as SchedulerError & { field?: string };
        expect(code, `${what}: ${message}`).toMatch(/^(INVALID_\w+|HANDLER_UNKNOWN)$/);
        // The fact, with the field, then the remedy.
        const isHidden = message.startsWith('An argument cannot be read');
        expect(message, what).toContain(isHidden ? '' : (field ?? ''));
        expect(message, what).toMatch(/[.?] [A-Z].*\.$|did you mean/);
        expect(message.length, what).toBeLessThan(500);
      }
    },
  );

  it.each(Object.entries(PAYLOADS))('is a SchedulerError in a payload, too: %s', async (_, call) => {
    const { scheduler } = await startApp();
    await scheduler.addJob({ id: 'a', ...job });
    for (const [what, value] of Object.entries(VALUES)) {
      const error = await errorOf(() => call(scheduler, value));
      if (error === null) continue;
      expect(error, what).toMatchObject({
        code: 'PAYLOAD_INVALID',
        message: expect.stringMatching(/\. [A-Z].*\.$/),
      });
    }
  });

  it('never reaches the store', async () => {
    const seen: unknown[] = [];
    const store: LeasedMemoryStore = new LeasedMemoryStore(() => test.clock.now());
    const watched = new Proxy(store, {
      get(target, verb) {
        const member: unknown = Reflect.get(target, verb, target);
        if (typeof member !== 'function') return member;
        return (...args: unknown[]): unknown => {
          if (['getJob', 'changeJob'].includes(String(verb))) seen.push(args[0]);
          return (member as (...all: unknown[]) => unknown).apply(target, args);
        };
      },
    });
    const test = await startApp({ options: { store: watched } });
    for (const [name, { call }] of Object.entries(ARGUMENTS)) {
      if (!name.endsWith('(id)')) continue;
      for (const [, value] of wrongBut()) await errorOf(() => call(test.scheduler, value as never));
    }
    expect(seen).toEqual([]);
  });
});

describe('a verb after the close of an application with a store', () => {
  const verbs = Object.entries({
    addJob: (s: SchedulerService) => s.addJob({ ...job, handler: 'none' }),
    getJob: (s: SchedulerService) => s.getJob('a'),
    getJobs: (s: SchedulerService) => s.getJobs(),
    getRuns: (s: SchedulerService) => s.getRuns(),
    updateJob: (s: SchedulerService) => s.updateJob('a', {}),
    pauseJob: (s: SchedulerService) => s.pauseJob('a'),
    resumeJob: (s: SchedulerService) => s.resumeJob('a'),
    removeJob: (s: SchedulerService) => s.removeJob('a'),
    runNow: (s: SchedulerService) => s.runNow('a'),
    backfill: (s: SchedulerService) => s.backfill('a', { from, to: from }),
    pause: (s: SchedulerService) => s.pause(),
    resume: (s: SchedulerService) => s.resume(),
  });

  it('is a SchedulerError that says so', async () => {
    const store: LeasedMemoryStore = new LeasedMemoryStore(() => test.clock.now());
    const test = await startApp({ options: { store } });
    const closed = test.app.close();
    await test.clock.advance(20_000);
    await closed;
    store.outage = new Error('the pool has ended');
    for (const [verb, call] of verbs) {
      expect(await rejection(call(test.scheduler)), verb).toMatchObject({ code: 'SCHEDULER_NOT_RUNNING' });
    }
    expect(test.scheduler.health()).toMatchObject({ healthy: false, phase: 'stopping' });
  });
});

function refuse(): never {
  throw new TypeError('not for you');
}

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}
