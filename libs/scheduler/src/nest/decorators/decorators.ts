import type { HandlerDefinition, RunContext } from '../../model/index.js';
import type { CronFields, Duration } from '../../timing/index.js';
import { watchStarts } from '../lifecycle/watch-starts.js';
import { type Declaration, declare } from './declaration.js';
import type { DecoratorFactory } from './decorator-factory.js';
import type { CronJobOptions, IntervalJobOptions, JobOptions } from './job-options.js';

/** A date of another library that converts itself to a `Date`, for example Luxon's DateTime. */
interface DateLike {
  toJSDate(): Date;
}
type CronArgument = string | CronFields | Date | DateLike;
type CronArguments = CronJobOptions & { expression: CronArgument };
type IntervalArguments = IntervalJobOptions & { every: Duration };
type TimeoutArguments = JobOptions & { after: Duration };

/** A method that takes a run whose payload is a `P`. */
type HandlerMethod<P> = (run: RunContext<P>) => unknown;

/**
 * Makes the method a job that falls due by a cron expression (five fields, six with seconds first,
 * a macro, or fields by name), or once at a date. The method is called with its `RunContext`.
 *
 * Never throws: the application's start reports mistakes, with the method's name.
 *
 * @example
 * ```ts
 * @Cron('0 3 * * *', { timezone: 'Europe/Berlin', retry: 3 })
 * ```
 */
export function Cron(expression: CronArgument, options?: CronJobOptions): MethodDecorator;
export function Cron(options: CronArguments): MethodDecorator;
export function Cron(factory: DecoratorFactory<CronArgument | CronArguments>): MethodDecorator;
export function Cron(...args: unknown[]): MethodDecorator {
  return declareJob({ kind: 'cron', args });
}

/**
 * Makes the method a job that falls due at a fixed rate, first one period after the start of
 * scheduling. The method is called with its `RunContext`. Never throws, as `@Cron`.
 *
 * @example
 * ```ts
 * @Interval('5m')
 * @Interval({ minutes: 5 }, { overlap: 'allow' })
 * @Interval('heartbeat', 5000)
 * ```
 */
export function Interval(every: Duration, options?: IntervalJobOptions): MethodDecorator;
export function Interval(options: IntervalArguments): MethodDecorator;
export function Interval(name: string, every: Duration, options?: IntervalJobOptions): MethodDecorator;
export function Interval(factory: DecoratorFactory<Duration | IntervalArguments>): MethodDecorator;
export function Interval(...args: unknown[]): MethodDecorator {
  return declareJob({ kind: 'interval', args });
}

/**
 * Makes the method a job that runs once after each start of the process, the given time after the
 * start of scheduling. It belongs to the process: for a one-off that survives a restart, call `addJob`
 * with `at(date)`. Never throws, as `@Cron`.
 *
 * @example
 * ```ts
 * @Timeout(3000)
 * @Timeout('warm-up', '3s')
 * ```
 */
export function Timeout(after: Duration, options?: JobOptions): MethodDecorator;
export function Timeout(options: TimeoutArguments): MethodDecorator;
export function Timeout(name: string, after: Duration, options?: JobOptions): MethodDecorator;
export function Timeout(factory: DecoratorFactory<Duration | TimeoutArguments>): MethodDecorator;
export function Timeout(...args: unknown[]): MethodDecorator {
  return declareJob({ kind: 'timeout', args });
}

/**
 * Makes the method the handler of jobs that name it: by `addJob({ handler: definition })`, or by its
 * name. Never throws, as `@Cron`.
 *
 * @example
 * ```ts
 * @JobHandler(sendReminder)
 * async send(run: RunContext<SendReminderDto>) {}
 * ```
 */
export function JobHandler<P>(
  definition: HandlerDefinition<P>,
): <M extends HandlerMethod<P>>(
  target: object,
  method: string | symbol,
  descriptor: TypedPropertyDescriptor<M>,
) => void;
export function JobHandler(name: string): MethodDecorator;
export function JobHandler(...args: unknown[]): MethodDecorator {
  return declareJob({ kind: 'handler', args });
}

function declareJob(declaration: Declaration): MethodDecorator {
  // A decorator may be all that an application has of this package.
  watchStarts();
  return declare(declaration);
}
