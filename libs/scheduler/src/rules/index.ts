export * from './equal-declarations.js';
export * from './find-backfill.js';
export * from './keep-line.js';
export * from './overlap.js';
export * from './plan-retry.js';
export * from './plan-ticks.js';
