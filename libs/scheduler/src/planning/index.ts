export * from './overlap.js';
export * from './plan-retry.js';
export * from './plan-ticks.js';
