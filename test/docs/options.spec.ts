import { Injectable } from '@nestjs/common';
import { describe, expect, it } from 'vitest';
import {
  Cron,
  type CronJobOptions,
  DEFAULT_OPTIONS,
  DEFAULT_POLICIES,
  Interval,
  type IntervalJobOptions,
  type JobOptions,
  type JobRequestBase,
  type PolicyOptions,
  type RetryOptions,
  type SchedulerOptions,
} from '@carillon/scheduler';
import {
  DEFAULT_STORE_OPTIONS,
  type MysqlStoreOptions,
  type PostgresStoreOptions,
  type SqliteStoreOptions,
} from '@carillon/sql';
import { DEFAULT_PREFIX, DEFAULT_SCHEMA, DEFAULT_SYNCHRONOUS } from '../../libs/scheduler-sql/src/sources.js';
import { parseDuration } from '../../libs/scheduler/src/timing/index.js';
import { startApp } from '../nest/testing-app.js';
import { code, read, rows, section } from './pages.js';

const page = await read('docs/options.md');

interface Row {
  name: string;
  default: string;
}

/** The rows of the nth table under a heading. */
function table(heading: string, nth = 0): Row[] {
  const texts = section(page, heading)
    .split(/\n\n(?=\|)/)
    .slice(1);
  return rows(texts[nth]!).map((cells) => ({ name: code(cells[0]!), default: code(cells.at(-1)!) }));
}

const names = (options: object): string[] => Object.keys(options).toSorted();
const listed = (options: Row[]): string[] => options.map(({ name }) => name).toSorted();

/** Each of these fails to compile when an option is missing. */
const POLICIES = names({
  overlap: 0, maxInstances: 0, misfireGrace: 0, coalesce: 0, maxCatchUp: 0, timeout: 0, retry: 0, maxRuns: 0,
  group: 0, pauseAfterFailures: 0, onAbandoned: 0,
} satisfies Record<keyof PolicyOptions, 0>); // prettier-ignore
const RETRY = names({
  attempts: 0, backoff: 0, delay: 0, maxDelay: 0, jitter: 0, when: 0,
} satisfies Record<keyof RetryOptions, 0>); // prettier-ignore
const MODULE = names({
  timezone: 0, zoneinfo: 0, defaults: 0, store: 0, engine: 0, drainTimeout: 0, abortGrace: 0, maxSleep: 0, history: 0, log: 0,
  concurrency: 0, groups: 0, maxPayload: 0, enhancers: 0,
} satisfies Record<keyof SchedulerOptions, 0>); // prettier-ignore
const JOB = names({
  id: 0, name: 0, disabled: 0, payload: 0, threshold: 0, waitForCompletion: 0, unrefTimeout: 0,
} satisfies Record<Exclude<keyof JobOptions, keyof PolicyOptions>, 0>); // prettier-ignore
const CRON = names({
  timezone: 0, timeZone: 0, utcOffset: 0, startAt: 0, endAt: 0, onGap: 0, onRepeat: 0, seed: 0, jitter: 0, initialDelay: 0,
} satisfies Record<Exclude<keyof CronJobOptions, keyof JobOptions>, 0>); // prettier-ignore
const INTERVAL = names({
  startAt: 0, endAt: 0, mode: 0, align: 0, runOnStart: 0, jitter: 0, seed: 0, initialDelay: 0,
} satisfies Record<Exclude<keyof IntervalJobOptions, keyof JobOptions>, 0>); // prettier-ignore
const REQUEST = names({
  id: 0, trigger: 0, disabled: 0, ifTaken: 0, handler: 0, payload: 0, transaction: 0,
} satisfies Record<Exclude<keyof JobRequestBase, keyof PolicyOptions> | 'handler' | 'payload', 0>); // prettier-ignore
/** Of all three stores together. */
const STORE_DEFAULTS: Record<string, unknown> = {
  ...DEFAULT_STORE_OPTIONS,
  schema: DEFAULT_SCHEMA,
  prefix: DEFAULT_PREFIX,
  synchronous: DEFAULT_SYNCHRONOUS,
} satisfies Record<keyof (SqliteStoreOptions & PostgresStoreOptions & MysqlStoreOptions), unknown>;

describe('docs/options.md lists each option', () => {
  it.each([
    ['the module', table('The module'), MODULE],
    ['policies', table('Policies'), [...POLICIES, ...RETRY.map((name) => `retry.${name}`)].toSorted()],
    ['every decorator', table('The decorators', 0), JOB],
    ['@Cron', table('The decorators', 1), CRON],
    ['@Interval', table('The decorators', 2), INTERVAL],
    ['addJob', table('addJob'), REQUEST],
    ['the stores', table('The stores'), names(STORE_DEFAULTS)],
  ])('of %s', (_, documented, expected) => {
    expect(listed(documented)).toEqual(expected);
  });
});

describe('docs/options.md tells the defaults in force', () => {
  const ofModule = table('The module').filter(({ name }) => name in DEFAULT_OPTIONS);
  it('of the module', () => {
    expect(listed(ofModule)).toEqual(names(DEFAULT_OPTIONS));
  });
  it.each(ofModule)('$name', ({ name, default: text }) => {
    expect(parsed(text)).toEqual(DEFAULT_OPTIONS[name as keyof typeof DEFAULT_OPTIONS]);
  });

  it.each(table('The stores'))('of a store: $name', ({ name, default: text }) => {
    expect(parsed(text)).toEqual(STORE_DEFAULTS[name]);
  });

  const flat: Record<string, unknown> = { ...DEFAULT_POLICIES };
  for (const [name, value] of Object.entries(DEFAULT_POLICIES.retry)) flat[`retry.${name}`] = value;
  delete flat.retry;
  const ofPolicies = table('Policies').filter(({ name }) => name !== 'retry');
  it('of the policies', () => {
    expect(ofPolicies.map(({ name }) => (name in flat ? name : `${name}Ms`)).toSorted()).toEqual(names(flat));
  });
  it.each(ofPolicies)('$name', ({ name, default: text }) => {
    const value = parsed(text);
    const isDuration = !(name in flat) && value !== null;
    expect(isDuration ? parseDuration(value as string, name) : value).toBe(
      name in flat ? flat[name] : flat[`${name}Ms`],
    );
  });

  it('of the id, of disabled and of ifTaken', async () => {
    @Injectable()
    class ClassName {
      @Cron('0 12 * * *')
      method(): void {}
      @Interval('1h')
      other(): void {}
    }
    const { scheduler } = await startApp({ providers: [ClassName] });
    const ids = (await scheduler.getJobs()).map(({ id }) => id);
    expect(ids).toContain(table('The decorators', 0).find(({ name }) => name === 'id')!.default);
    const trigger = (await scheduler.getJob('ClassName.method'))!.trigger;
    await scheduler.addJob({ id: 'job', trigger, handler: () => {} });
    expect(await scheduler.getJob('job')).toMatchObject({ state: 'active' });
    await expect(scheduler.addJob({ id: 'job', trigger, handler: () => {} })).rejects.toMatchObject({
      code: 'JOB_ID_TAKEN',
    });
    expect(table('addJob').find(({ name }) => name === 'ifTaken')!.default).toBe("'error'");
  });
});

/** What a default cell says: `'10s'`, `100`, `null`, `{ perJob: 100, total: 10_000 }`. */
function parsed(text: string): unknown {
  const json = text
    .replace(/(\d)_(?=\d)/g, '$1')
    .replaceAll("'", '"')
    .replace(/(\w+):/g, '"$1":');
  return JSON.parse(json) as unknown;
}
