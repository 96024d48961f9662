import type { AttemptRecord, ErrorRecord, OutcomeReason, RunNotes } from '../model/index.js';

/** What only some runs have: an object of its own, so that the others are small. */
export class RunDetails {
  reason: OutcomeReason | null = null;
  attempts: AttemptRecord[] | null = null;
  error: ErrorRecord | null = null;
  notes: RunNotes | null = null;
  scheduledUntil: number | null = null;
  count = 1;
  countIsAtLeast = false;
  coalesced = 0;
  /** The instant that a backfilled run stands for. */
  standsForAt: number | null = null;
  /** Queued to catch up, so a newer tick does not take its place. */
  isCatchUp = false;
  /** A newer run takes its place, so it is not tried again. */
  isReplaced = false;
  /** The group whose place the running attempt holds. */
  group: string | null = null;
  /** Place in the queue of waiting runs; null while it does not wait. */
  waitingSlot: number | null = null;
}

/** Shared by all runs that have none of it. */
export const NO_DETAILS: Readonly<RunDetails> = new RunDetails();
