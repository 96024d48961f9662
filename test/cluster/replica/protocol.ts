import type { PolicyOptions, TriggerJson } from '@carillon/scheduler';
import type { EffectsTarget } from '../effects/effects-connection.js';
import type { StoreSettings } from './store-of.js';

/** Where a replica kills itself, once in the life of a test. */
export type CrashPoint =
  | 'afterClaim'
  | 'beforeTheEffect'
  | 'afterTheEffect'
  | 'beforeComplete'
  | 'betweenRunAndNextDue';

export interface ReplicaSettings {
  name: string;
  store: StoreSettings;
  /** What handlers did is appended here. */
  effects: EffectsTarget;
  crashAt?: CrashPoint;
  /** Made by the replica that crashes; while it is there nobody crashes. */
  crashedFile: string;
}

/** What the handler `work` is told to do. */
export interface Work {
  ms?: number;
  /** Fails this often, 0 to 1. */
  fails?: number;
  /** Runs until its signal is aborted. */
  forever?: boolean;
}

export interface JobOrder extends PolicyOptions {
  id: string;
  trigger: TriggerJson;
  payload?: Work;
}

/** What a handler did: a row of the table of effects. */
export interface Effect {
  kind: 'began' | 'aborted' | 'ended';
  runId: string;
  jobId: string;
  tick: number | null;
  attempt: number;
  token: number;
  replica: string;
  reason?: string;
}

export type Command =
  | { kind: 'add'; jobs: JobOrder[] }
  | { kind: 'stop' }
  | { kind: 'stepClock'; ms: number };
export type Answer =
  | { kind: 'ready' | 'added' | 'stepped' }
  | { kind: 'event'; type: string; error: string | null }
  | { kind: 'health'; healthy: boolean };
