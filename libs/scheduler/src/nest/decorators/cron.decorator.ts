import type { CronFields } from '../../timing/index.js';
import { declare } from './declaration.js';
import type { DecoratorFactory } from './decorator-factory.js';
import type { CronJobOptions } from './job-options.js';

/** A date of another library that knows its `Date`, for example Luxon's DateTime. */
interface DateLike {
  toJSDate(): Date;
}

/**
 * Makes the method a job that falls due by a cron expression (five fields, six with seconds first,
 * a macro, or fields by name), or once at a date. The method is called with its `RunContext`.
 *
 * Never throws here: what is wrong is the error of the application's start, with the method's name.
 *
 * @example
 * ```ts
 * @Cron('0 3 * * *', { timezone: 'Europe/Berlin', retry: 3 })
 * ```
 */
export function Cron(
  expression: string | CronFields | Date | DateLike,
  options?: CronJobOptions,
): MethodDecorator;
export function Cron(
  options: CronJobOptions & { expression: string | CronFields | Date | DateLike },
): MethodDecorator;
export function Cron(
  factory: DecoratorFactory<
    | string
    | CronFields
    | Date
    | DateLike
    | (CronJobOptions & { expression: string | CronFields | Date | DateLike })
  >,
): MethodDecorator;
export function Cron(...args: unknown[]): MethodDecorator {
  return declare({ kind: 'cron', args });
}
