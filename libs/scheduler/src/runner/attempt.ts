import { isObservable, lastValueFrom, type Observable } from 'rxjs';
import {
  type Completion,
  type AttemptResult,
  AttemptTimedOutError,
  type Claim,
  generatorError,
  type HandlerDefinition,
  type HandlerFunction,
  isGenerator,
  type RunLogLine,
} from '../model/index.js';
import { planRetry } from '../rules/index.js';
import {
  type AttemptWatcher,
  type Clock,
  type Delay,
  type Delays,
  type EventSink,
  isPromise,
  type RunningAttempt,
} from '../ports/index.js';
import { withinRun } from './current-run.js';
import type { HandlerRegistry } from './handler-registry.js';
import { HandlerRun } from './handler-run.js';
import { checkPayload } from './payload.js';

/** Shared by all attempts of a process. */
export interface AttemptTools {
  readonly clock: Clock;
  readonly delays: Delays;
  readonly handlers: HandlerRegistry;
  readonly events: EventSink;
  readonly log: (line: RunLogLine) => void;
  /** False once no retry may be planned. */
  readonly retries: boolean;
}

/** Shared, since most handlers return nothing. */
const SUCCEEDED_WITH_NOTHING: AttemptResult = { kind: 'succeeded', value: undefined };

const finalErrors = new WeakSet<object>();

/** Marks an error as final: an attempt that failed with it is not retried, whatever `retry` says. */
export function withoutRetry<E extends object>(error: E): E {
  finalErrors.add(error);
  return error;
}

/**
 * One attempt of a run: opens the context, checks the payload, calls the handler and classifies the
 * result. A handler that returns no promise is done within `begin`. The attempt is also the run that
 * its handler sees and its own completion: one object for each run instead of three.
 */
export class Attempt extends HandlerRun implements RunningAttempt, Completion {
  readonly startedAt: number;
  private readonly startedElapsed: number;
  private timeout: Delay | null = null;
  result!: AttemptResult;
  endedAt = 0;
  durationMs = 0;
  retryAt: number | null = null;
  end: Completion | null = null;
  settled = false;
  listIndex: number | null = null;
  private abortedAs: 'abandoned' | 'cancelled' | null = null;

  constructor(
    claim: Claim,
    private readonly watcher: AttemptWatcher,
    private readonly tools: AttemptTools,
  ) {
    super(claim);
    const { clock } = tools;
    this.startedAt = clock.now();
    this.startedElapsed = clock.monotonic();
  }

  begin(): void {
    const { events } = this.tools;
    if (events.wants('run.started')) {
      const { jobId, runId, attempt } = this.claim;
      const latenessMs = Math.max(0, this.startedAt - this.claim.dueAt);
      events.emit('run.started', { jobId, runId, scheduledAt: this.scheduledAt, attempt, latenessMs });
    }
    let value: unknown;
    let isPending: boolean;
    try {
      value = withinRun(this, this.resolveHandler());
      if (isObservable(value)) value = this.lastOf(value);
      // The returned value may be anything: reading its `then` may throw.
      isPending = isPromise(value);
    } catch (error) {
      return this.handlerEnded({ kind: 'failed', error });
    }
    if (isPending) this.follow(value);
    else this.handlerEnded(succeeded(value));
  }

  /** The handler returned a promise. */
  private follow(value: unknown): void {
    const { timeoutMs } = this.claim.policies;
    if (timeoutMs !== null) this.timeout = this.tools.delays.after(timeoutMs, () => this.timedOut(timeoutMs));
    this.awaitResult(value);
  }

  private awaitResult(value: unknown): void {
    // Promise.resolve tames a foreign thenable, which may throw or call twice, and returns a native promise as it is.
    Promise.resolve(value).then(
      (result) => this.resolved(result),
      (error: unknown) => this.handlerEnded({ kind: this.abortedAs ?? 'failed', error }),
    );
  }

  private resolved(result: unknown): void {
    try {
      if (isObservable(result)) return this.awaitResult(this.lastOf(result));
    } catch (error) {
      return this.handlerEnded({ kind: 'failed', error });
    }
    this.handlerEnded(succeeded(result));
  }

  /** Subscribes to the stream and resolves with its last value, as Nest does for a route. */
  private lastOf(stream: Observable<unknown>): Promise<unknown> {
    return withinRun(this, () => lastValueFrom(stream, { defaultValue: undefined }));
  }

  abort(reason: unknown, as: 'abandoned' | 'cancelled'): void {
    this.abortedAs ??= as;
    this.abortSignal(reason);
  }

  protected override wroteLine(line: RunLogLine): void {
    const { level, message } = line;
    this.watcher.attemptNoted(this.claim, {
      kind: 'line',
      line: { level, message, at: new Date(this.tools.clock.now()) },
    });
    this.tools.log(line);
  }

  protected override progressed(share: number, note: string | null): void {
    const { clock, events } = this.tools;
    this.watcher.attemptNoted(this.claim, {
      kind: 'progress',
      progress: { share, note, at: new Date(clock.now()) },
    });
    const { jobId, runId, attempt } = this.claim;
    events.emit('run.progressed', { jobId, runId, scheduledAt: this.scheduledAt, attempt, share, note });
  }

  abandon(error: unknown): Completion {
    this.abortSignal(error);
    return this.conclude({ kind: 'abandoned', error });
  }

  private resolveHandler(): HandlerFunction<never> {
    const { handler } = this.claim;
    if (typeof handler === 'function') return handler;
    const registered = this.tools.handlers.require(handler);
    const { definition } = registered;
    if (definition === null || definition.payloadClass === null) return registered.invoke;
    return this.afterCheck(registered.invoke, definition);
  }

  private afterCheck(
    invoke: HandlerFunction<never>,
    definition: HandlerDefinition<never>,
  ): HandlerFunction<never> {
    return async (run) => {
      this.payload = await checkPayload(definition, this.claim.payload);
      return invoke(run);
    };
  }

  private handlerEnded(result: AttemptResult): void {
    this.settled = true;
    if (this.end) this.watcher.attemptReleased(this, this.end);
    else this.watcher.attemptEnded(this, this.conclude(result), false);
  }

  private timedOut(timeoutMs: number): void {
    if (this.end) return;
    const error = new AttemptTimedOutError(this.claim.jobId, timeoutMs);
    const end = this.conclude({ kind: 'timedOut', error });
    this.watcher.attemptEnded(this, end, true);
    this.abortSignal(error);
  }

  private conclude(result: AttemptResult): Completion {
    this.timeout?.cancel();
    const { clock } = this.tools;
    this.result = result;
    this.endedAt = clock.now();
    this.durationMs = clock.monotonic() - this.startedElapsed;
    if (result.kind !== 'succeeded') this.retryAt = this.planRetry(result);
    this.end = this;
    return this;
  }

  private planRetry(result: AttemptResult): number | null {
    if (!this.tools.retries) return null;
    const { attempt, runId, policies, jobId } = this.claim;
    if (result.kind === 'failed' && isFinal(result.error)) return null;
    try {
      return planRetry({ result, attempt, retry: policies.retry, endedAt: this.endedAt, runId });
    } catch (error) {
      // The caller's `when` or `backoff` threw: no retry.
      this.tools.events.emit('scheduler.faulted', { error, jobId });
      return null;
    }
  }
}

function isFinal(error: unknown): boolean {
  return typeof error === 'object' && error !== null && finalErrors.has(error);
}

function succeeded(value: unknown): AttemptResult {
  if (value === undefined) return SUCCEEDED_WITH_NOTHING;
  return isGenerator(value) ? { kind: 'failed', error: generatorError() } : { kind: 'succeeded', value };
}
