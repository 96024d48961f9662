import type { Claim, KeptLogLine, RunProgress } from '../../model/index.js';
import type { RunNote } from '../../ports/index.js';
import { keepLine } from '../notes.js';
import type { RunRecord } from '../records.js';

/** Notes of a handler on its run. */
export interface Notes {
  progress: RunProgress | null;
  log: KeptLogLine[] | null;
}

/** A claim of this process, and the notes of its handler since. */
export class HeldClaim {
  private log: KeptLogLine[] | null = null;
  private progress: RunProgress | null = null;
  /** The engine knows that a newer run replaces it. */
  isCancelled = false;
  /** Its completion is here, and not written yet. */
  isCompleting = false;

  constructor(
    readonly claim: Claim,
    /** As the claim wrote it. */
    readonly run: RunRecord,
    /** Notes of the attempts before. */
    private readonly earlier: Notes,
  ) {}

  note(note: RunNote): void {
    if (note.kind === 'progress') this.progress = note.progress;
    else keepLine((this.log ??= [...(this.earlier.log ?? [])]), note.line);
  }

  /** Its handler has noted something since it was claimed. */
  get hasNotes(): boolean {
    return this.progress !== null || this.log !== null;
  }

  notes(): Notes {
    return { progress: this.progress ?? this.earlier.progress, log: this.log ?? this.earlier.log };
  }
}

/** The claims of this process whose slots are not given back yet. */
export class HeldClaims {
  private readonly held = new Map<string, HeldClaim>();
  private completing = 0;

  /** Claims without a completion, whether that is written or not. */
  get atWork(): number {
    return this.held.size - this.completing;
  }

  add(claim: Claim, run: RunRecord, earlier: Notes): void {
    const before = this.held.get(claim.runId);
    if (before) this.delete(before.claim);
    this.held.set(claim.runId, new HeldClaim(claim, run, earlier));
  }

  get({ runId, token }: Pick<Claim, 'runId' | 'token'>): HeldClaim | null {
    const held = this.held.get(runId);
    return held?.claim.token === token ? held : null;
  }

  /** The claim of the run as this process made it; null when another did, or it is over. */
  claimOf({ id, token }: Pick<RunRecord, 'id' | 'token'>): Claim | null {
    return this.get({ runId: id, token })?.claim ?? null;
  }

  markCompleting(claim: Claim, isCompleting: boolean): void {
    const held = this.get(claim);
    if (held === null || held.isCompleting === isCompleting) return;
    held.isCompleting = isCompleting;
    this.completing += isCompleting ? 1 : -1;
  }

  delete(claim: Claim): void {
    this.markCompleting(claim, false);
    if (this.get(claim)) this.held.delete(claim.runId);
  }

  clear(): void {
    this.held.clear();
    this.completing = 0;
  }
}
