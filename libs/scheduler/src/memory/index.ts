export type { HistoryLimits } from './history.js';
export { MemoryStore } from './memory-store.js';
