import {
  checkName,
  copyAsJson,
  describeError,
  InvalidOptionsError,
  type JobFilter,
  type JobState,
  type JsonValue,
  oneOf,
  OUTCOMES,
  type PauseRequest,
  readFlag,
  readNamed,
  type RunFilter,
  SchedulerError,
  toErrorRecord,
} from '../../model/index.js';
import type { BackfillRequest } from '../../ports/index.js';
import type { AddJobsOptions, BackfillOptions, PauseOptions, RunNowOptions } from './job-request.js';

/** The most runs that one call of `backfill` makes. */
export const MOST_BACKFILLED = 10_000;
const MOST_ROWS = 1_000;
/** Characters of a note, and of the name of a person. */
const LONGEST_NOTE = 1_000;

const JOB_STATES = Object.keys({
  active: 0,
  paused: 0,
  disabled: 0,
  finished: 0,
  orphaned: 0,
  parked: 0,
} satisfies Record<JobState, 0>);
const JOB_ORIGINS = ['declared', 'added'];
const RUN_STATES = ['queued', 'waiting', 'running', 'ended'];

type Check = (field: string, value: unknown) => unknown;
type Checks<T> = { readonly [K in keyof Required<T>]: Check };

/** Every option of every verb, with its check. An option left out, or undefined, is not checked. */
const OPTIONS = {
  addJobs: { transaction: () => {} } satisfies Checks<AddJobsOptions>,
  getJobs: {
    state: among(JOB_STATES),
    origin: among(JOB_ORIGINS),
    handler: checkName,
  } satisfies Checks<JobFilter>,
  getRuns: {
    jobId: checkName,
    outcome: (field, value) =>
      (Array.isArray(value) ? value : [value]).forEach((each) => oneOf(field, each, OUTCOMES)),
    state: among(RUN_STATES),
    from: checkDate,
    to: checkDate,
    limit: checkLimit,
    after: checkName,
  } satisfies Checks<RunFilter>,
  pauseJob: {
    note: orNull(checkNote),
    by: orNull(checkNote),
    until: orNull(checkDate),
  } satisfies Checks<PauseOptions>,
  runNow: { payload: () => {} } satisfies Checks<RunNowOptions>,
  backfill: {
    from: checkDate,
    to: checkDate,
    dryRun: readFlag,
    force: readFlag,
  } satisfies Checks<BackfillOptions>,
} as const;

const EXAMPLES: { readonly [V in keyof typeof OPTIONS]: string } = {
  addJobs: '{ transaction: client }',
  getJobs: "{ state: 'paused' }",
  getRuns: "{ jobId: 'daily-report', limit: 20 }",
  pauseJob: "{ note: 'the target moves house' }",
  runNow: "{ payload: { to: 'ada@example.org' } }",
  backfill: "{ from: new Date('2027-01-01T00:00:00Z'), to: new Date() }",
};

/** Checks the options of a verb against the table. @throws InvalidOptionsError naming the option */
export function checkOptions<T extends object>(verb: keyof typeof OPTIONS, options: T): T {
  return readSafely(() => {
    const checks: Record<string, Check> = OPTIONS[verb];
    readNamed(options, Object.keys(checks), `Give an object, for example ${EXAMPLES[verb]}.`);
    for (const [name, check] of Object.entries(checks)) {
      const value = (options as Record<string, unknown>)[name];
      if (value !== undefined) check(name, value);
    }
    return options;
  });
}

/** Calls `read`, which looks at arguments. Their getters may throw anything. @throws only SchedulerErrors */
export function readSafely<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof SchedulerError) throw error;
    const fact = `An argument cannot be read: ${describeError(toErrorRecord(error))}.`;
    throw new InvalidOptionsError('arguments', null, 'Use plain data.', fact);
  }
}

/** @throws InvalidOptionsError naming the field */
export function readPause(options: PauseOptions, now: number): PauseRequest {
  const { note = null, by = null, until = null } = checkOptions('pauseJob', options);
  if (until === null || until.getTime() > now) return { note, by, until: until?.getTime() ?? null };
  throw new InvalidOptionsError(
    'until',
    until,
    'Give a Date in the future, or leave it out to pause until resumeJob().',
  );
}

/** Returns the payload; undefined for the job's own. @throws InvalidOptionsError, PayloadInvalidError */
export function readRunNow(options: RunNowOptions, maxPayloadBytes: number): JsonValue | undefined {
  return copyAsJson(checkOptions('runNow', options).payload, maxPayloadBytes);
}

/** @throws InvalidOptionsError naming the field */
export function readBackfill(
  jobId: string,
  options: BackfillOptions,
  now: number,
): Omit<BackfillRequest, 'now'> {
  const { from, to, dryRun = false, force = false } = checkOptions('backfill', options);
  const fromAt = checkDate('from', from).getTime();
  const toAt = checkDate('to', to).getTime();
  if (toAt < fromAt) throw new InvalidOptionsError('to', to, 'Give a Date that is not before from.');
  if (toAt > now) {
    throw new InvalidOptionsError(
      'to',
      to,
      'Give a Date that is not in the future: those ticks will fall due.',
    );
  }
  return { jobId, fromAt, toAt, dryRun, force, most: MOST_BACKFILLED };
}

function among(allowed: readonly string[]): Check {
  return (field, value) => oneOf(field, value, allowed);
}

function orNull(check: Check): Check {
  return (field, value) => (value === null ? null : check(field, value));
}

function checkDate(field: string, value: unknown): Date {
  if (value instanceof Date && !Number.isNaN(value.getTime())) return value;
  throw new InvalidOptionsError(field, value, 'Give a valid Date.');
}

function checkNote(field: string, value: unknown): void {
  // PostgreSQL stores no NUL.
  if (typeof value === 'string' && value.length <= LONGEST_NOTE && !value.includes('\0')) return;
  throw new InvalidOptionsError(
    field,
    value,
    `Give a string of at most ${LONGEST_NOTE} characters, none of them NUL.`,
  );
}

function checkLimit(field: string, value: unknown): void {
  if (Number.isInteger(value) && (value as number) >= 1 && (value as number) <= MOST_ROWS) return;
  throw new InvalidOptionsError(field, value, `Give a whole number from 1 to ${MOST_ROWS}.`);
}
