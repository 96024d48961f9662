import type { Completion, Claim, RunNote, CompletionEffect } from '@carillon/scheduler/store';
import type { Database } from '../driver/database.js';
import { isOverWithin } from '../driver/real-time.js';
import { writeNotes } from './carried-runs.js';
import type { DueFloor } from './due-floor.js';
import type { HeldClaim, HeldClaims } from './held-claims.js';
import type { OneByOne } from './one-by-one.js';
import { inTransaction, retrying } from './retrying.js';
import type { Ending, Settlement } from './settlement.js';
import { WriteLane } from './write-lane.js';

/**
 * What is being written is over in milliseconds. Who holds it up may wait in turn for what a claim has locked, and no
 * database would see that circle.
 */
export const LONGEST_WAIT_MS = 1_000;

interface Waiting<T> {
  resolve: (answer: T) => void;
  reject: (error: unknown) => void;
}
type EndingItem = Ending & Waiting<CompletionEffect>;
type NoteItem = { readonly noted: HeldClaim } & Waiting<void>;
type Item = EndingItem | NoteItem;

/** A transaction of ends beside the claims, which has its connection. */
export interface EndsUnderWay {
  /** Whose runs end. */
  readonly jobs: ReadonlySet<string>;
  /** Never rejects. */
  readonly over: Promise<unknown>;
}

/** Writes how runs end, and what their handlers tell, in groups. What changes a job too takes turns with the claims. */
export class Ends {
  underWay: EndsUnderWay | null = null;
  /** With the wait for its connection. */
  private writing: Promise<EndingItem[]> | null = null;
  /** Wait for their turn, in the order in which they came. */
  private readonly withJobs: EndingItem[] = [];
  private readonly lane = new WriteLane<Item>((items) => this.write(items));

  constructor(
    private readonly db: Database,
    private readonly settlement: Settlement,
    private readonly held: HeldClaims,
    private readonly replica: string,
    private readonly floor: DueFloor,
    private readonly turns: OneByOne,
  ) {}

  settle(end: Completion, slotHeld: boolean): Promise<CompletionEffect> {
    if (!slotHeld) this.held.markEnding(end.claim, true);
    return this.put({ claim: end.claim, end, slotHeld, now: end.endedAt });
  }

  release(claim: Claim, now: number): Promise<CompletionEffect> {
    this.held.markEnding(claim, true);
    return this.put({ claim, end: null, slotHeld: false, now });
  }

  annotate(claim: Claim, note: RunNote): Promise<void> {
    const noted = this.held.get(claim);
    if (noted === null) return Promise.resolve();
    noted.note(note);
    return new Promise((resolve, reject) => this.lane.put({ noted, resolve, reject }));
  }

  /** What waits, for a claim to write with its own, which begins after this: it has no connection yet. */
  async takeAlong(): Promise<EndingItem[]> {
    const { plain, others, notes } = this.sort(this.lane.take());
    for (const note of notes) this.lane.put(note);
    this.withJobs.push(...others);
    // A claim can wait for the jobs of a transaction; not for a connection, while it has one itself.
    if (this.writing !== null && this.underWay === null) await isOverWithin(this.writing, LONGEST_WAIT_MS);
    await this.writeWithJobs();
    return plain;
  }

  /** Answers what a claim has written of those that it took along, and writes the rest. */
  async written(items: readonly EndingItem[], written: ReadonlySet<Ending>): Promise<void> {
    this.withJobs.push(...this.answerWritten(items, written));
    await this.writeWithJobs();
  }

  /** As `written`, when the claim was not made. */
  async notWritten(items: readonly EndingItem[]): Promise<void> {
    this.withJobs.push(...(await this.writePlain(items)));
    await this.writeWithJobs();
  }

  /** Resolves once all is written, and nobody puts anything in any more. */
  async rest(): Promise<void> {
    // A claim under way may give back what it took along.
    for (let round = 0; round < 2; round++) {
      await this.lane.rest();
      await this.turns.run(() => this.writeWithJobs());
    }
  }

  private put(ending: Ending): Promise<CompletionEffect> {
    return new Promise((resolve, reject) => this.lane.put({ ...ending, resolve, reject }));
  }

  /** Never rejects, as none of the others: whoever put an item in is told. */
  private async write(items: readonly Item[]): Promise<void> {
    const { plain, others, notes } = this.sort(items);
    this.inTurn(others);
    const writing = this.writePlain(plain);
    this.writing = writing;
    this.inTurn(await writing);
    this.writing = null;
    await this.writeNotes(notes);
  }

  private inTurn(items: readonly EndingItem[]): void {
    if (items.length === 0) return;
    this.withJobs.push(...items);
    void this.turns.run(() => this.writeWithJobs());
  }

  private sort(items: readonly Item[]): { plain: EndingItem[]; others: EndingItem[]; notes: NoteItem[] } {
    const plain: EndingItem[] = [];
    const others: EndingItem[] = [];
    const notes: NoteItem[] = [];
    for (const item of items) {
      if ('noted' in item) notes.push(item);
      else (this.settlement.isPlain(item) ? plain : others).push(item);
    }
    return { plain, others, notes };
  }

  /** @returns those that were not written, for they change more than their run */
  private async writePlain(items: readonly EndingItem[]): Promise<EndingItem[]> {
    if (items.length === 0) return [];
    try {
      const written = await retrying(this.db.dialect, () => this.tryPlain(items));
      return this.answerWritten(items, written);
    } catch (error) {
      for (const item of items) this.fail(item, error);
      return [];
    }
  }

  private async tryPlain(items: readonly EndingItem[]): Promise<ReadonlySet<Ending>> {
    const jobs = new Set(items.map(({ claim }) => claim.jobId));
    let mine: EndsUnderWay | null = null;
    const writing = this.db.transaction((trx) => {
      this.underWay = mine = { jobs, over: writing.catch(() => undefined) };
      return this.settlement.writePlain(trx, items);
    });
    try {
      return await writing;
    } finally {
      if (this.underWay === mine) this.underWay = null;
    }
  }

  private async writeWithJobs(): Promise<void> {
    const items = this.withJobs.splice(0);
    if (items.length === 0) return;
    try {
      const settled = await inTransaction(this.db, (trx) => this.settlement.writeWithJobs(trx, items));
      // Something that waited may go on.
      this.floor.reset();
      for (const item of items) this.answer(item, settled.get(item)!);
    } catch (error) {
      for (const item of items) this.fail(item, error);
    }
  }

  /** An end that is written before has them, too. */
  private async writeNotes(notes: readonly NoteItem[]): Promise<void> {
    if (notes.length === 0) return;
    try {
      await writeNotes(this.db, this.replica, new Set(notes.map(({ noted }) => noted)));
      for (const { resolve } of notes) resolve();
    } catch (error) {
      for (const { reject } of notes) reject(error);
    }
  }

  private answerWritten(items: readonly EndingItem[], written: ReadonlySet<Ending>): EndingItem[] {
    const rest: EndingItem[] = [];
    for (const item of items) {
      if (written.has(item)) this.answer(item, 'recorded');
      else rest.push(item);
    }
    return rest;
  }

  private answer(item: EndingItem, settled: CompletionEffect): void {
    if (!item.slotHeld || settled === 'refused') this.held.delete(item.claim);
    this.floor.lower(item.end?.retryAt ?? null);
    item.resolve(settled);
  }

  private fail({ claim, reject }: EndingItem, error: unknown): void {
    this.held.markEnding(claim, false);
    reject(error);
  }
}
