import {
  describeError,
  type ErrorRecord,
  HandlerUnknownError,
  type OutcomeReason,
  type SchedulerEventOf,
  type SchedulerEventType,
  StoreUnavailableError,
  toErrorRecord,
} from '../../model/index.js';
import { oneLine } from '../../timing/index.js';

/** One line of the log. */
export interface LogLine {
  readonly level: 'log' | 'warn' | 'error';
  readonly text: string;
  readonly stack?: string;
  /** Of the lines of one kind, at most one a minute is written. */
  readonly kind?: string;
}

/** Zones that the line of the start names. */
const MOST_ZONES = 20;

const REASONS: Record<OutcomeReason, string> = {
  overlap: 'the previous run was still alive',
  misfireGrace: 'later than misfireGrace allows',
  maxCatchUp: 'more were overdue than maxCatchUp allows',
  merged: 'merged into the run of another tick',
  replaced: 'a newer run took its place',
  parked: 'the job cannot be computed',
  paused: 'the job was paused',
  edited: 'the job was edited',
  removed: 'the job was removed',
  orphaned: 'no running process declares the job any more',
  shutdown: 'the process stopped',
  leaseExpired: 'its process is gone, or was cut off from the store',
};

/** The line of each event. Nobody subscribes to an event without a line, so it costs nothing. */
export const LOG_LINES: { [T in SchedulerEventType]?: (event: SchedulerEventOf<T>) => LogLine } = {
  'scheduler.paused': () => log('Paused: this process claims no runs until resume().'),
  'scheduler.resumed': () => log('Resumed.'),
  'scheduler.draining': ({ running }) =>
    log(`Shutting down: ${running === 0 ? 'no run is under way' : `waiting for ${runs(running)}`}.`),
  'scheduler.stopped': ({ abandoned }) =>
    abandoned === 0
      ? log('Stopped.')
      : warn(`Stopped; ${runs(abandoned)} had not ended and ${abandoned === 1 ? 'is' : 'are'} abandoned.`),
  'scheduler.clockStepped': ({ stepMs }) =>
    warn(
      `The wall clock was set ${stepMs < 0 ? 'back' : 'forward'} by ${Math.abs(stepMs)} ms, or the machine slept; due times were computed anew.`,
    ),
  'scheduler.faulted': ({ error, jobId }) => {
    const subject = jobId === null ? 'The scheduler' : named(jobId);
    return error instanceof HandlerUnknownError
      ? log(`${subject}: ${waitsForHandler(error.handler)}`)
      : failure(`${subject}: an error was survived`, error);
  },
  'scheduler.clockDiffers': ({ offsetMs }) =>
    warn(
      `This machine's clock is ${Math.abs(offsetMs)} ms ${offsetMs < 0 ? 'behind' : 'before'} the store's, which is the one that counts.`,
    ),
  'scheduler.zoneDataOlder': ({ timezoneData, newerTimezoneData }) =>
    warn(
      `This process has ${zoneData(timezoneData)}, older than the ${newerTimezoneData} of the stored jobs; it leaves their times as they are. Update the system's tzdata or the runtime, or check the option "zoneinfo".`,
    ),
  'store.down': ({ error }) =>
    failure(
      'The store does not answer; it is asked again until it does',
      error instanceof StoreUnavailableError ? error.cause : error,
    ),
  'store.up': ({ downMs }) => log(`The store answers again after ${downMs} ms.`),
  'listener.failed': ({ error, during }) => failure(`A subscriber to "${during}" threw`, error),

  'job.paused': ({ jobId, note, by, until }) =>
    log(
      `${named(jobId)} was paused${by === null ? '' : ` by ${by}`}${until === null ? '' : ` until ${until.toISOString()}`}${note === null ? '.' : `: ${note}`}`,
    ),
  'job.resumed': ({ jobId }) => log(`${named(jobId)} was resumed.`),
  'job.orphaned': ({ jobId }) =>
    warn(`${named(jobId)} is declared by the code of no running process any more: kept, and not run.`),
  'job.parked': ({ jobId, error }) => failure(`${named(jobId)} cannot be scheduled and is parked`, error),

  'run.failed': ({ jobId, runId, attempt, error, retryAt, reason }) => {
    const then = retryAt === null ? noFurtherAttempt(reason) : `next attempt at ${retryAt.toISOString()}`;
    const line = failure(`${named(jobId)} failed (run ${runId}, attempt ${attempt}, ${then})`, error);
    return retryAt === null ? line : warn(line.text);
  },
  'run.timedOut': ({ jobId, runId, attempt, error, willRetry, handlerRuns, reason }) => {
    const then = willRetry
      ? `another attempt follows${handlerRuns ? ' once the handler has ended' : ''}`
      : noFurtherAttempt(reason);
    const fact = `${named(jobId)} timed out (run ${runId}, attempt ${attempt}, ${then})`;
    // The stack would be the scheduler's own.
    return { level: willRetry ? 'warn' : 'error', text: failure(fact, error).text };
  },
  'run.skipped': (event) => ({
    ...warn(`${named(event.jobId)} skipped ${ticks(event)}: ${REASONS[event.reason]}.`),
    kind: `skipped ${event.reason} ${event.jobId}`,
  }),
  'run.missed': (event) => ({
    ...warn(`${named(event.jobId)} missed ${ticks(event)}: ${REASONS[event.reason]}.`),
    kind: `missed ${event.reason} ${event.jobId}`,
  }),
  'run.coalesced': ({ jobId, count, countIsAtLeast, into }) => ({
    ...log(
      `${named(jobId)} merged ${countIsAtLeast ? 'at least ' : ''}${count} overdue tick${count === 1 ? '' : 's'} into ${into === null ? 'one run' : `run ${into}`}.`,
    ),
    kind: `coalesced ${jobId}`,
  }),
  'run.cancelled': (event) =>
    warn(`${named(event.jobId)} cancelled ${ticks(event)}: ${REASONS[event.reason]}.`),
  'run.abandoned': ({ jobId, runId, attempt, reason }) =>
    warn(`${named(jobId)} was abandoned (run ${runId}, attempt ${attempt}): ${REASONS[reason]}.`),
};

/** @param declared number of jobs in code @param durable whether jobs survive the process */
export function startedLine(
  event: SchedulerEventOf<'scheduler.started'>,
  declared: number,
  durable: boolean,
): LogLine {
  const jobs = `${declared} declared job${declared === 1 ? '' : 's'}`;
  return log(`Started with ${jobs}, kept in ${durable ? 'a store' : 'memory'}; ${zoneDataInUse(event)}.`);
}

function zoneDataInUse(event: SchedulerEventOf<'scheduler.started'>): string {
  const { timezoneData, timezoneSource, otherTimezoneData, timezonesThatDiffer } = event;
  const isRuntime = timezoneSource === 'runtime';
  const used = `${zoneData(timezoneData)} of ${isRuntime ? 'the runtime' : timezoneSource}`;
  if (timezonesThatDiffer.length === 0) return used;
  const more = timezonesThatDiffer.length - MOST_ZONES;
  const zones = timezonesThatDiffer.slice(0, MOST_ZONES).join(', ') + (more > 0 ? ` and ${more} more` : '');
  return `${used}, from which ${zoneData(otherTimezoneData!)} of ${isRuntime ? 'the system' : 'the runtime'} differ for ${zones}`;
}

/** @param version that may be unknown */
function zoneData(version: string): string {
  return version === 'unknown' ? 'time zone data of unknown version' : `time zone data ${version}`;
}

function log(text: string): LogLine {
  return { level: 'log', text };
}

function warn(text: string): LogLine {
  return { level: 'warn', text };
}

function failure(fact: string, error: unknown): LogLine {
  const record = toErrorRecord(error);
  return { level: 'error', text: `${fact}: ${describeError(record)}`, stack: stackOf(record) };
}

/** Follows an error's own stack by those of its causes. Keeps a message on one line: it may come from outside. */
export function stackOf({ stack, cause, errors = [] }: ErrorRecord): string | undefined {
  if (stack === null) return undefined;
  const own = stack
    .split(/\n(?=\s+at )/)
    .map(oneLine)
    .join('\n');
  const causes = [...errors, ...(cause === undefined ? [] : [cause])];
  return [own, ...causes.map((each) => stackOf(each) ?? oneLine(each.message))].join('\nCaused by: ');
}

/** The fact about a job whose handler another kind of worker has. */
export function waitsForHandler(handler: string): string {
  return `no handler named "${handler}" here; it waits for a replica that has one.`;
}

function noFurtherAttempt(reason: OutcomeReason | null): string {
  return `no further attempt${reason === null ? '' : `: the next was ${REASONS[reason]}`}`;
}

function named(jobId: string): string {
  return `Job "${jobId}"`;
}

function runs(count: number): string {
  return count === 1 ? '1 run' : `${count} runs`;
}

type TickSpan = Pick<
  SchedulerEventOf<'run.skipped'>,
  'scheduledAt' | 'scheduledUntil' | 'count' | 'countIsAtLeast'
>;

function ticks({ scheduledAt: from, scheduledUntil: until, count, countIsAtLeast }: TickSpan): string {
  if (from === null) return 'a run that was asked for by hand';
  if (count === 1 || until === null) return `its tick at ${from.toISOString()}`;
  return `${countIsAtLeast ? 'at least ' : ''}${count} ticks from ${from.toISOString()} to ${until.toISOString()}`;
}
