export type { CheckedJob, CheckFinding, SchedulerCheck } from './check-report.js';
export { Cron } from './cron.decorator.js';
export { CronExpression } from './cron-expression.js';
export type { DecoratorFactory } from './decorator-factory.js';
export { Interval } from './interval.decorator.js';
export { JobHandler } from './job-handler.decorator.js';
export type { CronJobOptions, IntervalJobOptions, JobOptions } from './job-options.js';
export type {
  BackfillOptions,
  BackfillReport,
  DefinedJobRequest,
  FunctionJobRequest,
  JobRequestBase,
  JobUpdate,
  NamedJobRequest,
  PauseOptions,
  RunNowOptions,
} from './job-request.js';
export { RUN_CONTEXT_TYPE, runOf } from './run-of.js';
export { type SchedulerAsyncOptions, SchedulerModule } from './scheduler.module.js';
export { DEFAULT_OPTIONS, type SchedulerOptions, type SchedulerOptionsFactory } from './scheduler-options.js';
export { schedulerCheck } from './scheduler-check.js';
export { type SchedulerHealth, SchedulerService } from './scheduler.service.js';
export { Timeout } from './timeout.decorator.js';
export { SCHEDULER_CLOCK } from './tokens.js';
