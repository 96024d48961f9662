export { EventHub } from './event-hub.js';
export { EventPublisher } from './event-publisher.js';
export { publishCompletion, publishRecovered } from './publish-runs.js';
