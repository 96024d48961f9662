import type { Duration } from '../../timing/index.js';
import { declare } from './declaration.js';
import type { DecoratorFactory } from './decorator-factory.js';
import type { IntervalJobOptions } from './job-options.js';

/**
 * Makes the method a job that falls due at a fixed rate, first one period after the start of
 * scheduling. The method is called with its `RunContext`. Never throws here, as `@Cron`.
 *
 * @example
 * ```ts
 * @Interval('5m')
 * @Interval({ minutes: 5 }, { overlap: 'allow' })
 * @Interval('heartbeat', 5000)
 * ```
 */
export function Interval(every: Duration, options?: IntervalJobOptions): MethodDecorator;
export function Interval(options: IntervalJobOptions & { every: Duration }): MethodDecorator;
export function Interval(name: string, every: Duration, options?: IntervalJobOptions): MethodDecorator;
export function Interval(
  factory: DecoratorFactory<Duration | (IntervalJobOptions & { every: Duration })>,
): MethodDecorator;
export function Interval(...args: unknown[]): MethodDecorator {
  return declare({ kind: 'interval', args });
}
