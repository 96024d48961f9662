export * from './awaitable.js';
export * from './bulk.js';
export * from './clock.js';
export * from './engine.js';
export * from './store.js';
