export { withoutRetry } from './attempt.js';
export { currentRun } from './current-run.js';
export { HandlerRegistry } from './handler-registry.js';
export { checkPayload } from './payload.js';
export { Runner } from './runner.js';
