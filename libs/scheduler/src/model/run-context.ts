/** The run, as its handler sees it: the handler's argument and `SchedulerService.currentRun()`. */
export interface RunContext<P = unknown> {
  readonly id: string;
  readonly jobId: string;
  /** The tick; null for a run requested by hand. */
  readonly scheduledAt: Date | null;
  /** 1 for the first try. */
  readonly attempt: number;
  /** Fencing token: rises with each claim of this run. Pass it to your own writes to refuse those of a stale holder. */
  readonly token: number;
  readonly payload: P;
  /** Aborted on timeout, when a newer run replaces this one, and on shutdown after `drainTimeout`. */
  readonly signal: AbortSignal;
  /** The instant that a backfilled run stands for; null for other runs. */
  readonly standsFor: Date | null;
  /** Writes log lines with the ids of the job and the run; the last lines are kept with the run. */
  readonly log: RunLog;
  /**
   * Records the progress of the run: `run.progress(0.4, 'page 4 of 10')`.
   * @param share done so far, 0 to 1 @throws InvalidOptionsError outside that range
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

/** A handler given as code. Its return value, or that of its promise, is the run's result. */
export type HandlerFunction<P = unknown> = (run: RunContext<P>) => unknown;
