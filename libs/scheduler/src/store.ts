/** The parts that a store is built from: the port, the model it keeps, and the pure decisions it asks for. */
export * from './model/index.js';
export * from './rules/index.js';
export * from './ports/index.js';
export * from './timing/index.js';
