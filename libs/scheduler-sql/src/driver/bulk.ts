import type { Tables } from '../schema/tables.js';

export interface BulkInsert<T extends keyof Tables> {
  table: T;
  rows: readonly Tables[T][];
}

export interface BulkUpdate<T extends 'jobs' | 'runs'> {
  table: T;
  rows: readonly BulkChange<T>[];
}

export interface BulkChange<T extends 'jobs' | 'runs'> {
  /** The id, and what else must hold for the row to be changed; never null. */
  where: { id: string } & Partial<Tables[T]>;
  set: Partial<Tables[T]>;
}
