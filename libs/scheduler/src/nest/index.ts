export type { CheckedJob, CheckFinding, SchedulerCheck } from './check/check-report.js';
export { Cron, Interval, JobHandler, Timeout } from './decorators/decorators.js';
export { CronExpression } from './decorators/cron-expression.js';
export type { DecoratorFactory } from './decorators/decorator-factory.js';
export type { CronJobOptions, IntervalJobOptions, JobOptions } from './decorators/job-options.js';
export type {
  AddJobsOptions,
  BackfillOptions,
  BackfillReport,
  DefinedJobRequest,
  FunctionJobRequest,
  JobRequestBase,
  JobUpdate,
  Many,
  NamedJobRequest,
  PauseOptions,
  RunNowOptions,
} from './requests/job-request.js';
export { RUN_CONTEXT_TYPE, runOf } from './enhancers/run-of.js';
export { type SchedulerAsyncOptions, SchedulerModule } from './scheduler.module.js';
export { DEFAULT_OPTIONS, type SchedulerOptions, type SchedulerOptionsFactory } from './scheduler-options.js';
export { schedulerCheck } from './check/scheduler-check.js';
export { type SchedulerHealth, SchedulerService } from './scheduler.service.js';
export { SCHEDULER_CLOCK } from './tokens.js';
