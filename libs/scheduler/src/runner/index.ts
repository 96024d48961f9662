export { type Alarm, Alarms } from './alarms.js';
export * from './announce.js';
export { currentRun } from './current-run.js';
export { EventHub } from './event-hub.js';
export { withoutRetry } from './final-failures.js';
export { HandlerRegistry } from './handler-registry.js';
export { checkPayload } from './payload.js';
export { Runner } from './runner.js';
