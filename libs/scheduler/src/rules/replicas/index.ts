export * from './batch-slots.js';
export * from './batch-writer.js';
export * from './declarations.js';
export * from './definitions.js';
export * from './held-claims.js';
export * from './known-policies.js';
export * from './run-ids.js';
export * from './serial-queue.js';
