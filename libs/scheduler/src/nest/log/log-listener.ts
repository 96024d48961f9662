import { Inject, Injectable, Logger } from '@nestjs/common';
import {
  type RunLogLine,
  type SchedulerEvent,
  type SchedulerEventType,
  toErrorRecord,
} from '../../model/index.js';
import { LOG_LINES, type LogLine, startedLine } from './log-lines.js';
import type { Parts } from '../parts.js';
import { RepeatedLines } from './repeated-lines.js';
import type { Settings } from '../scheduler-options.js';
import { SCHEDULER_PARTS, SCHEDULER_SETTINGS } from '../tokens.js';

const logger = new Logger('Scheduler');

/** Turns events into lines of the Nest log. The engine itself does not log. */
@Injectable()
export class LogListener {
  private readonly repeated = new RepeatedLines();

  constructor(
    @Inject(SCHEDULER_PARTS) private readonly parts: Parts,
    @Inject(SCHEDULER_SETTINGS) private readonly settings: Settings,
  ) {}

  /** Subscribes to just the events that have a line, until the hub completes. */
  listen(declaredJobs: () => number): void {
    if (!this.settings.log) return;
    const { hub, engine } = this.parts;
    hub
      .on('scheduler.started')
      .subscribe((event) => this.write(startedLine(event, declaredJobs(), engine.durable), event.at));
    for (const type of Object.keys(LOG_LINES) as SchedulerEventType[]) {
      const toLine = LOG_LINES[type] as (event: SchedulerEvent) => LogLine;
      hub.on(type).subscribe((event) => this.write(toLine(event), event.at));
    }
  }

  private write({ level, text, error, kind }: LogLine, at: Date): void {
    const leftOut = kind === undefined ? 0 : this.repeated.say(kind, at);
    if (leftOut === null) return;
    const line =
      leftOut === 0
        ? text
        : `${text} (${leftOut} more such line${leftOut === 1 ? '' : 's'} left out before this one)`;
    if (level === 'error') logger.error(line, stackOf(error));
    else logger[level](line);
  }
}

/** What a handler writes with `run.log`. */
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
