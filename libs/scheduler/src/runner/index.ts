export { type Alarm, Alarms } from './timer-queue.js';
export * from '../events/publish-runs.js';
export { currentRun } from './current-run.js';
export { EventHub } from '../events/event-hub.js';
export { withoutRetry } from './final-failures.js';
export { HandlerRegistry } from './handler-registry.js';
export { checkPayload } from './payload.js';
export { Runner } from './runner.js';
