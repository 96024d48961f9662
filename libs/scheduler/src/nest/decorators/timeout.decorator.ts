import type { Duration } from '../../timing/index.js';
import { declare } from './declaration.js';
import type { DecoratorFactory } from './decorator-factory.js';
import type { JobOptions } from './job-options.js';

/**
 * Makes the method a job that runs once after each start of the process, so long after the start of
 * scheduling. It belongs to the process: a one-off that must survive a restart is `addJob` with
 * `at(date)`. Never throws here, as `@Cron`.
 *
 * @example
 * ```ts
 * @Timeout(3000)
 * @Timeout('warm-up', '3s')
 * ```
 */
export function Timeout(after: Duration, options?: JobOptions): MethodDecorator;
export function Timeout(options: JobOptions & { after: Duration }): MethodDecorator;
export function Timeout(name: string, after: Duration, options?: JobOptions): MethodDecorator;
export function Timeout(
  factory: DecoratorFactory<Duration | (JobOptions & { after: Duration })>,
): MethodDecorator;
export function Timeout(...args: unknown[]): MethodDecorator {
  return declare({ kind: 'timeout', args });
}
