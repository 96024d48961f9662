export * from './awaitable.js';
export * from './clock.js';
export * from './engine.js';
export * from './store.js';
