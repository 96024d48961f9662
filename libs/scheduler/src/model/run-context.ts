/** What a handler gets: the run it works for. Also `SchedulerService.currentRun()`. */
export interface RunContext<P = unknown> {
  readonly id: string;
  readonly jobId: string;
  /** The tick; null for a run that was asked for by hand. */
  readonly scheduledAt: Date | null;
  /** 1 for the first try. */
  readonly attempt: number;
  /** Rises with each claim of this run: hand it to your own writes, so that a stale holder's are refused. */
  readonly token: number;
  readonly payload: P;
  /** Aborted on timeout, when a newer run takes this one's place, and on shutdown when the drain's time is over. */
  readonly signal: AbortSignal;
  /** For a backfilled run the instant that it stands for, else null. */
  readonly standsFor: Date | null;
  /** Log lines that name the job and the run; the last ones are kept with the run. */
  readonly log: RunLog;
  /**
   * Tells how far the run is: `run.progress(0.4, 'page 4 of 10')`.
   * @param share done so far, 0 to 1 @throws InvalidOptionsError outside of that
   */
  progress(share: number, note?: string): void;
}

export interface RunLog {
  debug(message: string): void;
  info(message: string): void;
  warn(message: string): void;
  error(message: string, error?: unknown): void;
}

export interface RunLogLine {
  level: keyof RunLog;
  message: string;
  jobId: string;
  runId: string;
  error?: unknown;
}

/** A handler given as code. What it returns (or resolves to) is the run's result. */
export type HandlerFunction<P = unknown> = (run: RunContext<P>) => unknown;
