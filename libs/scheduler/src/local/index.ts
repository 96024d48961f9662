export { LocalEngine, type LocalEngineParts } from './local-engine.js';
export { SystemClock } from './system-clock.js';
