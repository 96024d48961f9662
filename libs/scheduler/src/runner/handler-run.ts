import {
  type Claim,
  InvalidOptionsError,
  type RunContext,
  type RunLog,
  type RunLogLine,
} from '../model/index.js';

/** Where the run's own words go. */
export interface RunTelling {
  wroteLine(line: RunLogLine): void;
  progressed(share: number, note: string | null): void;
}

/** The run as its handler sees it. Signal, log and dates are made when they are asked for: most handlers never do. */
export class HandlerRun implements RunContext {
  private controller: AbortController | null = null;
  private abortReason: unknown = undefined;
  private aborted = false;
  private lines: RunLog | null = null;

  constructor(
    private readonly claim: Claim,
    readonly attempt: number,
    readonly token: number,
    private readonly tell: RunTelling,
    public payload: unknown,
  ) {}

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
    if (!this.controller) {
      this.controller = new AbortController();
      if (this.aborted) this.controller.abort(this.abortReason);
    }
    return this.controller.signal;
  }

  get log(): RunLog {
    return (this.lines ??= {
      debug: (message) => this.writeLine('debug', message),
      info: (message) => this.writeLine('info', message),
      warn: (message) => this.writeLine('warn', message),
      error: (message, error) => this.writeLine('error', message, error),
    });
  }

  abort(reason: unknown): void {
    if (this.aborted) return;
    this.aborted = true;
    this.abortReason = reason;
    this.controller?.abort(reason);
  }

  progress(share: number, note?: string): void {
    if (!(typeof share === 'number' && share >= 0 && share <= 1)) {
      throw new InvalidOptionsError('share', share, 'Give how much is done as a number from 0 to 1.');
    }
    this.tell.progressed(share, note ?? null);
  }

  toJSON(): object {
    const { id, jobId, scheduledAt, attempt, payload } = this;
    return { id, jobId, scheduledAt, attempt, payload };
  }

  private writeLine(level: RunLogLine['level'], message: string, error?: unknown): void {
    this.tell.wroteLine({ level, message, error, jobId: this.jobId, runId: this.id });
  }
}
