import {
  copyAsJson,
  InvalidOptionsError,
  type JobFilter,
  type JobState,
  type JsonValue,
  oneOf,
  type Outcome,
  OUTCOMES,
  type PauseRequest,
  readFlag,
  readNamed,
  type RunFilter,
} from '../../model/index.js';
import type { BackfillRequest } from '../../ports/index.js';
import type { BackfillOptions, PauseOptions, RunNowOptions } from './job-request.js';

const JOB_STATES = Object.keys({
  active: 0,
  paused: 0,
  disabled: 0,
  finished: 0,
  orphaned: 0,
  parked: 0,
} satisfies Record<JobState, 0>) as JobState[];
const JOB_ORIGINS = ['declared', 'added'] as const;
const RUN_STATES = ['queued', 'waiting', 'running', 'ended'] as const;
const MOST_ROWS = 1_000;
/** The most runs that one call of `backfill` makes. */
export const MOST_BACKFILLED = 10_000;

const JOB_FILTER = ['state', 'origin', 'handler'] satisfies (keyof JobFilter)[];
const RUN_FILTER = [
  'jobId',
  'outcome',
  'state',
  'from',
  'to',
  'limit',
  'after',
] satisfies (keyof RunFilter)[];
const PAUSE = ['note', 'by', 'until'] satisfies (keyof PauseOptions)[];
const RUN_NOW = ['payload'] satisfies (keyof RunNowOptions)[];
const BACKFILL = ['from', 'to', 'dryRun', 'force'] satisfies (keyof BackfillOptions)[];

/** @throws InvalidOptionsError naming the field */
export function checkJobFilter(filter: JobFilter): JobFilter {
  readNamed(filter, JOB_FILTER, "Give what to look for, for example { state: 'paused' }.");
  const { state, origin, handler } = filter;
  if (state !== undefined) oneOf('state', state, JOB_STATES);
  if (origin !== undefined) oneOf('origin', origin, JOB_ORIGINS);
  if (handler !== undefined) checkString('handler', handler);
  return filter;
}

/** @throws InvalidOptionsError naming the field */
export function checkRunFilter(filter: RunFilter): RunFilter {
  readNamed(filter, RUN_FILTER, "Give what to look for, for example { jobId: 'daily-report', limit: 20 }.");
  const { jobId, outcome, state, from, to, limit, after } = filter;
  if (jobId !== undefined) checkString('jobId', jobId);
  if (after !== undefined) checkString('after', after);
  if (state !== undefined) oneOf('state', state, RUN_STATES);
  if (outcome !== undefined) for (const one of asList(outcome)) oneOf('outcome', one, OUTCOMES);
  if (from !== undefined) checkDate('from', from);
  if (to !== undefined) checkDate('to', to);
  if (limit !== undefined && !(Number.isInteger(limit) && limit >= 1 && limit <= MOST_ROWS)) {
    throw new InvalidOptionsError('limit', limit, `Give a whole number from 1 to ${MOST_ROWS}.`);
  }
  return filter;
}

/** @throws InvalidOptionsError naming the field */
export function readPause(options: PauseOptions, now: number): PauseRequest {
  readNamed(options, PAUSE, "Give { note, by, until }, for example { note: 'the target moves house' }.");
  const { note, by, until } = options;
  if (note !== undefined && note !== null) checkString('note', note);
  if (by !== undefined && by !== null) checkString('by', by);
  return {
    note: note ?? null,
    by: by ?? null,
    until: until === undefined || until === null ? null : futureInstant(until, now),
  };
}

/** Returns the payload; undefined for the job's own. @throws InvalidOptionsError, PayloadInvalidError */
export function readRunNow(options: RunNowOptions): JsonValue | undefined {
  readNamed(options, RUN_NOW, "Give { payload }, for example { payload: { to: 'ada@example.org' } }.");
  return copyAsJson(options.payload);
}

/** @throws InvalidOptionsError naming the field */
export function readBackfill(
  jobId: string,
  options: BackfillOptions,
  now: number,
): Omit<BackfillRequest, 'now'> {
  readNamed(
    options,
    BACKFILL,
    "Give { from, to }, for example { from: new Date('2027-01-01T00:00:00Z'), to: new Date() }.",
  );
  const fromAt = checkDate('from', options.from).getTime();
  const toAt = checkDate('to', options.to).getTime();
  if (toAt < fromAt) throw new InvalidOptionsError('to', options.to, 'Give a Date that is not before from.');
  if (toAt > now) {
    throw new InvalidOptionsError(
      'to',
      options.to,
      'Give a Date that is not in the future: those ticks will fall due.',
    );
  }
  const dryRun = readFlag('dryRun', options.dryRun ?? false);
  const force = readFlag('force', options.force ?? false);
  return { jobId, fromAt, toAt, dryRun, force, most: MOST_BACKFILLED };
}

function futureInstant(until: unknown, now: number): number {
  const at = checkDate('until', until).getTime();
  if (at > now) return at;
  throw new InvalidOptionsError(
    'until',
    until,
    'Give a Date in the future, or leave it out to pause until resumeJob().',
  );
}

function checkDate(field: string, value: unknown): Date {
  if (value instanceof Date && !Number.isNaN(value.getTime())) return value;
  throw new InvalidOptionsError(field, value, 'Give a valid Date.');
}

function checkString(field: string, value: unknown): void {
  if (typeof value !== 'string') throw new InvalidOptionsError(field, value, 'Give a string.');
}

function asList(outcome: Outcome | readonly Outcome[]): readonly unknown[] {
  return Array.isArray(outcome) ? outcome : [outcome];
}
