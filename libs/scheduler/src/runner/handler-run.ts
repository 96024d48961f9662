import {
  type Claim,
  InvalidOptionsError,
  isError,
  type RunContext,
  type RunLog,
  type RunLogLine,
  toErrorRecord,
} from '../model/index.js';
import { clip } from '../timing/index.js';

/** Characters kept of a note of progress. */
const LONGEST_NOTE = 1_000;

/** The run as its handler sees it. Signal, log and dates are made on first use, since most handlers use none of them. */
export abstract class HandlerRun implements RunContext {
  readonly attempt: number;
  readonly token: number;
  payload: unknown;
  private controller: AbortController | null = null;
  private lines: RunLog | null = null;

  constructor(readonly claim: Claim) {
    // A store may reuse the claim object for the next attempt.
    this.attempt = claim.attempt;
    this.token = claim.token;
    this.payload = copyOf(claim.payload);
  }

  get id(): string {
    return this.claim.runId;
  }

  get jobId(): string {
    return this.claim.jobId;
  }

  get scheduledAt(): Date | null {
    return this.claim.scheduledAt === null ? null : new Date(this.claim.scheduledAt);
  }

  get standsFor(): Date | null {
    return this.claim.standsForAt === null ? null : new Date(this.claim.standsForAt);
  }

  get signal(): AbortSignal {
    return (this.controller ??= new AbortController()).signal;
  }

  get log(): RunLog {
    return (this.lines ??= {
      debug: (message) => this.writeLine('debug', message),
      info: (message) => this.writeLine('info', message),
      warn: (message) => this.writeLine('warn', message),
      error: (message, error) => this.writeLine('error', message, error),
    });
  }

  progress(share: number, note?: string): void {
    if (!(typeof share === 'number' && share >= 0 && share <= 1)) {
      throw new InvalidOptionsError('share', share, 'Give how much is done as a number from 0 to 1.');
    }
    if (note !== undefined && typeof note !== 'string') {
      throw new InvalidOptionsError('note', note, "Give a string, for example 'page 4 of 10'.");
    }
    this.progressed(share, note === undefined ? null : clip(note, LONGEST_NOTE));
  }

  toJSON(): object {
    const { id, jobId, scheduledAt, attempt, payload } = this;
    return { id, jobId, scheduledAt, attempt, payload };
  }

  protected abstract wroteLine(line: RunLogLine): void;
  protected abstract progressed(share: number, note: string | null): void;

  /** The first reason counts; later ones are ignored. */
  protected abortSignal(reason: unknown): void {
    (this.controller ??= new AbortController()).abort(reason);
  }

  /** @param message a string by its type; JavaScript passes caught errors, and other things, too */
  private writeLine(level: RunLogLine['level'], message: unknown, error?: unknown): void {
    const text = typeof message === 'string' ? message : toErrorRecord(message).message;
    const cause = error ?? (isError(message) ? message : undefined);
    this.wroteLine({ level, message: text, error: cause, jobId: this.jobId, runId: this.id });
  }
}

/** A handler may change its payload; the job's own must stay as it is. */
function copyOf(payload: unknown): unknown {
  return typeof payload === 'object' && payload !== null ? structuredClone(payload) : payload;
}
