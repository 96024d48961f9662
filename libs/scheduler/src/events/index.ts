export { EventHub } from './event-hub.js';
export { EventPublisher } from './event-publisher.js';
export { publishCompletion } from './publish-runs.js';
