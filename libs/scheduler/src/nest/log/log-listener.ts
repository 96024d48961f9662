import { Inject, Injectable, Logger } from '@nestjs/common';
import {
  type RunLogLine,
  type SchedulerEvent,
  type SchedulerEventType,
  toErrorRecord,
} from '../../model/index.js';
import type { Runtime } from '../runtime.js';
import type { Settings } from '../scheduler-options.js';
import { SCHEDULER_RUNTIME, SCHEDULER_SETTINGS } from '../tokens.js';
import { LOG_LINES, type LogLine, startedLine } from './log-lines.js';

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

  private write({ level, text, error, kind }: LogLine, at: Date): void {
    const leftOut = kind === undefined ? 0 : this.leftOutBefore(kind, at.getTime());
    if (leftOut === null) return;
    const line =
      leftOut === 0
        ? text
        : `${text} (${leftOut} more such line${leftOut === 1 ? '' : 's'} left out before this one)`;
    if (level === 'error') logger.error(line, stackOf(error));
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
  const line = `[${jobId} ${runId}] ${message}`;
  if (level === 'error') {
    const cause = error === undefined ? message : toErrorRecord(error).message;
    logger.error(cause === message ? line : `${line}: ${cause}`, stackOf(error));
  } else logger[level === 'info' ? 'log' : level](line);
}

function stackOf(error: unknown): string | undefined {
  return error instanceof Error ? error.stack : undefined;
}
