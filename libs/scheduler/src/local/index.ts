export { LocalEngine } from './local-engine.js';
export { SystemClock } from './system-clock.js';
