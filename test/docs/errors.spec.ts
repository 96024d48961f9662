import { describe, expect, it } from 'vitest';
import * as scheduler from '@carillon/scheduler';
import { SchedulerError } from '@carillon/scheduler';
import { ERROR_CODES } from '@carillon/scheduler/store';
import * as testing from '@carillon/scheduler/testing';
import * as sql from '@carillon/sql';
import { code, fields, read, rows, section } from './pages.js';

const api = { ...scheduler, ...sql, TimeTravelError: testing.TimeTravelError };

/** Every error class that users can see, with an example: its code and status belong to the instance. */
const EXAMPLES: Record<string, SchedulerError> = {
  InvalidCronError: thrownBy(() => api.cron('')),
  NeverFiresError: thrownBy(() => api.cron('0 0 30 2 *')),
  InvalidTimezoneError: thrownBy(() => api.cron('* * * * *', { timezone: 'Mars/Olympus' })),
  InvalidDurationError: thrownBy(() => api.every(0)),
  InvalidTriggerError: thrownBy(() => api.at('2027-01-01')),
  InvalidOptionsError: thrownBy(() => api.defineHandler('')),
  InvalidJobsError: new api.InvalidJobsError(
    [{ index: 17, error: thrownBy(() => api.defineHandler('')) }],
    20,
  ),
  PayloadInvalidError: new api.PayloadInvalidError('payload.to', 'is missing', 'Give it.'),
  HandlerUnknownError: new api.HandlerUnknownError('send', []),
  HandlerNotDurableError: new api.HandlerNotDurableError('job'),
  JobNotFoundError: new api.JobNotFoundError('job'),
  JobIdTakenError: new api.JobIdTakenError('job'),
  JobIsDeclaredError: new api.JobIsDeclaredError('job'),
  SchedulerNotRunningError: new api.SchedulerNotRunningError('starting'),
  SchedulerExistsError: new api.SchedulerExistsError(),
  AttemptTimedOutError: new api.AttemptTimedOutError('job', 1_000),
  LeaseLostError: new api.LeaseLostError('job'),
  StoreUnavailableError: new api.StoreUnavailableError(new Error('connection refused')),
  StoreAheadError: new api.StoreAheadError(new Date(1), new Date(0)),
  RunCancelledError: new api.RunCancelledError('job'),
  SchedulerStoppingError: new api.SchedulerStoppingError(1_000),
  DriverMissingError: new api.DriverMissingError(['pg'], 'The package "pg" is not installed.', 'Install it.'),
  DatabaseRefusedError: new api.DatabaseRefusedError('missing', new Error('no such table: jobs')),
  DatabaseTooOldError: new api.DatabaseTooOldError('5.7.44', 'MySQL 8.0'),
  FakeTimersError: new api.FakeTimersError(),
  SchemaTooNewError: new api.SchemaTooNewError('"carillon".*', '0009_x', '0001_y'),
  SchemaOutdatedError: new api.SchemaOutdatedError('"carillon".*', null, '0001_y'),
  TimeTravelError: new api.TimeTravelError('The clock stands.'),
};

/** What every error has. */
const COMMON = new Set(['stack', 'message', 'name', 'code', 'statusCode', 'status', 'expose', 'cause']);

const page = await read('docs/errors.md');
const documented = rows(page)
  .filter(([name]) => name!.endsWith('Error`'))
  .map(([name, errorCode, status, when]) => ({
    name: code(name!),
    code: code(errorCode!),
    status: Number(status),
    when: when!,
  }));

describe('docs/errors.md', () => {
  it('has a row for each error class of the packages, and for no other', () => {
    const exported = Object.entries(api)
      .filter(([, value]) => typeof value === 'function' && value.prototype instanceof SchedulerError)
      .map(([name]) => name);
    expect(documented.map(({ name }) => name).toSorted()).toEqual(exported.toSorted());
  });

  it('has a row for each code in the list of codes, and for no other', () => {
    expect(documented.map((row) => row.code).toSorted()).toEqual([...ERROR_CODES].toSorted());
  });

  it.each(documented)('tells code, status and fields of $name', ({ name, code: errorCode, status, when }) => {
    const error = EXAMPLES[name]!;
    expect(error).toBeInstanceOf((api as Record<string, unknown>)[name]);
    expect({ code: error.code, statusCode: error.statusCode, status: error.status }).toEqual({
      code: errorCode,
      statusCode: status,
      status,
    });
    const own = Object.getOwnPropertyNames(error).filter((field) => !COMMON.has(field));
    expect(fields(when.split(/Fields?: /)[1] ?? '').toSorted()).toEqual(own.toSorted());
  });

  it('names each reason of an invalid expression', () => {
    const reasons = {
      NOT_STRING: 0, EMPTY: 0, TOO_LONG: 0, BAD_CHAR: 0, FIELD_COUNT: 0, UNKNOWN_ALIAS: 0, EMPTY_ITEM: 0, BAD_VALUE: 0,
      UNKNOWN_NAME: 0, OUT_OF_RANGE: 0, BAD_RANGE: 0, BAD_STEP: 0, BAD_NTH: 0, BAD_LAST: 0, BAD_W: 0,
      BAD_QUESTION: 0, BAD_HASH: 0, SEED_REQUIRED: 0, UNKNOWN_FIELD: 0, DOM_AND_DOW: 0,
    } satisfies Record<scheduler.CronFault, 0>; // prettier-ignore
    const listed = rows(page)
      .filter(([first]) => !first!.includes('Error`'))
      .flatMap(([first]) => fields(first!));
    expect(listed.toSorted()).toEqual(Object.keys(reasons).toSorted());
  });
});

describe('what is wrong at bootstrap, in docs/how-it-works.md', () => {
  it('names codes that exist, and a message that is one', async () => {
    const text = section(await read('docs/how-it-works.md'), 'What is wrong at bootstrap');
    const known = new Set(Object.values(EXAMPLES).map((error) => error.code));
    const named = rows(text).flatMap(([, errors]) => fields(errors!));
    expect(named.length).toBeGreaterThan(5);
    expect(named.filter((name) => !known.has(name))).toEqual([]);
    const message = thrownBy(() => api.cron('61 * * * *')).at('@Cron on ReportsService.daily').message;
    expect(text).toContain(`\`\`\`\n${message}\n\`\`\``);
  });
});

function thrownBy(call: () => unknown): SchedulerError {
  try {
    call();
  } catch (error) {
    if (error instanceof SchedulerError) return error;
  }
  throw new Error('The call threw no SchedulerError.');
}
