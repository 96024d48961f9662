import { Inject, Injectable, Logger } from '@nestjs/common';
import {
  describeError,
  type RunLogLine,
  type SchedulerEvent,
  type SchedulerEventType,
  toErrorRecord,
} from '../../model/index.js';
import { oneLine } from '../../timing/index.js';
import type { Runtime } from '../runtime.js';
import type { Settings } from '../scheduler-options.js';
import { SCHEDULER_RUNTIME, SCHEDULER_SETTINGS } from '../tokens.js';
import { LOG_LINES, type LogLine, stackOf, startedLine } from './log-lines.js';

const logger = new Logger('Scheduler');
/** Shortest time between two lines of one kind. */
const EVERY_MS = 60_000;
/** Beyond this many kinds the oldest are forgotten. */
const MOST_KINDS = 10_000;

/** Writes events to the Nest log. The engine itself does not log. */
@Injectable()
export class LogListener {
  private readonly written = new Map<string, { at: number; leftOut: number }>();

  constructor(
    @Inject(SCHEDULER_RUNTIME) private readonly runtime: Runtime,
    @Inject(SCHEDULER_SETTINGS) private readonly settings: Settings,
  ) {}

  /** Subscribes to the events that have a line, until the hub completes. */
  listen(declaredJobs: () => number): void {
    if (!this.settings.log) return;
    const { hub, engine } = this.runtime;
    hub
      .on('scheduler.started')
      .subscribe((event) => this.write(startedLine(event, declaredJobs(), engine.durable), event.at));
    for (const type of Object.keys(LOG_LINES) as SchedulerEventType[]) {
      const toLine = LOG_LINES[type] as (event: SchedulerEvent) => LogLine;
      hub.on(type).subscribe((event) => this.write(toLine(event), event.at));
    }
  }

  private write({ level, text, stack, kind }: LogLine, at: Date): void {
    const leftOut = kind === undefined ? 0 : this.leftOutBefore(kind, at.getTime());
    if (leftOut === null) return;
    const omission =
      leftOut === 0 ? '' : ` (${leftOut} more such line${leftOut === 1 ? '' : 's'} left out before this one)`;
    const line = oneLine(text) + omission;
    if (level === 'error') logger.error(line, stack);
    else logger[level](line);
  }

  /**
   * Lets one line of a kind through each minute, so that a flood does not hide the rest of the log.
   *
   * @returns the number of lines left out before this one; null to leave this one out too
   */
  private leftOutBefore(kind: string, at: number): number | null {
    const last = this.written.get(kind);
    if (last && Math.abs(at - last.at) < EVERY_MS) {
      last.leftOut++;
      return null;
    }
    this.written.delete(kind);
    this.written.set(kind, { at, leftOut: 0 });
    if (this.written.size > MOST_KINDS) this.written.delete(this.written.keys().next().value!);
    return last?.leftOut ?? 0;
  }
}

/** Writes a line of `run.log`. */
export function writeRunLine({ level, message, jobId, runId, error }: RunLogLine): void {
  const line = oneLine(`[${jobId} ${runId}] ${message}`);
  if (level !== 'error') return logger[level === 'info' ? 'log' : level](line);
  if (error === undefined) return logger.error(line);
  const record = toErrorRecord(error);
  // `run.log.error(error)` has the error's message as its own.
  const cause = describeError(record.message === message ? { ...record, message: '' } : record);
  logger.error(cause === '' ? line : `${line}: ${oneLine(cause)}`, stackOf(record));
}
