import type { Claim, KeptLogLine, RunProgress } from '@carillon/scheduler/store';
import { keepLine, type RunNote } from '@carillon/scheduler/store';
import type { RunTable } from '../schema/tables.js';
import { readLines } from '../turn/run-row.js';

/** A run that this process carries, as it was claimed, and what its handler has told since. */
export class HeldClaim {
  private log: KeptLogLine[] | null = null;
  private progress: RunProgress | null = null;
  /** The engine knows that a newer run takes its place. */
  cancelTold = false;
  /** Its end is here, and not written yet. */
  ending = false;

  constructor(
    readonly claim: Claim,
    /** As the claim wrote it. */
    readonly run: RunTable,
  ) {}

  note(note: RunNote): void {
    if (note.kind === 'progress') this.progress = note.progress;
    else keepLine((this.log ??= readLines(this.run.log)), note.line);
  }

  /** Its handler has told something since it was claimed. */
  get hasNotes(): boolean {
    return this.progress !== null || this.log !== null;
  }

  get notes(): Pick<RunTable, 'progress' | 'log'> {
    return {
      progress: this.progress === null ? this.run.progress : JSON.stringify(this.progress),
      log: this.log === null ? this.run.log : JSON.stringify(this.log),
    };
  }
}

/** The claims of this process whose places are not given back yet. */
export class HeldClaims {
  private readonly held = new Map<string, HeldClaim>();
  private endings = 0;

  /** Without those that have ended, whatever is written of it. */
  get underWay(): number {
    return this.held.size - this.endings;
  }

  add(claim: Claim, run: RunTable): void {
    const before = this.held.get(claim.runId);
    if (before) this.delete(before.claim);
    this.held.set(claim.runId, new HeldClaim(claim, run));
  }

  get({ runId, token }: Pick<Claim, 'runId' | 'token'>): HeldClaim | null {
    const held = this.held.get(runId);
    return held?.claim.token === token ? held : null;
  }

  ofRun({ id, token }: Pick<RunTable, 'id' | 'token'>): HeldClaim | null {
    return this.get({ runId: id, token });
  }

  markEnding(claim: Claim, ending: boolean): void {
    const held = this.get(claim);
    if (held === null || held.ending === ending) return;
    held.ending = ending;
    this.endings += ending ? 1 : -1;
  }

  delete(claim: Claim): void {
    this.markEnding(claim, false);
    if (this.get(claim)) this.held.delete(claim.runId);
  }

  clear(): void {
    this.held.clear();
    this.endings = 0;
  }
}
