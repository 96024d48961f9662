export { EngineWithTimeouts } from './engine-with-timeouts.js';
export { LocalEngine } from './local-engine.js';
export { StoreClock } from './store-clock.js';
export { SystemClock } from './system-clock.js';
export { TimerQueue } from './timer-queue.js';
