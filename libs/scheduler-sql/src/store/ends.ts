import type { AttemptEnd, Claim, RunNote, Settled } from '@carillon/scheduler/store';
import type { Database } from '../driver/database.js';
import { writeNotes } from './carried-runs.js';
import type { DueFloor } from './due-floor.js';
import type { HeldClaim, HeldClaims } from './held-claims.js';
import type { OneByOne } from './one-by-one.js';
import { inTransaction, retrying } from './retrying.js';
import type { Ending, Settlement } from './settlement.js';
import { WriteLane } from './write-lane.js';

interface Waiting<T> {
  resolve: (answer: T) => void;
  reject: (error: unknown) => void;
}
export type EndingItem = Ending & Waiting<Settled>;
type NoteItem = { readonly noted: HeldClaim } & Waiting<void>;
type Item = EndingItem | NoteItem;

/** A transaction of ends beside the claims. It has its connection, so that it goes on whatever a claim holds. */
export interface EndsUnderWay {
  /** Whose runs end. */
  readonly jobs: ReadonlySet<string>;
  readonly over: Promise<unknown>;
}

/** Writes how runs end, and what their handlers tell, in groups. What changes a job too takes turns with the claims. */
export class Ends {
  underWay: EndsUnderWay | null = null;
  /** With its notes, and the wait for a connection. */
  private writing: Promise<EndingItem[]> | null = null;
  private readonly lane = new WriteLane<Item>((items) => this.write(items));

  constructor(
    private readonly db: Database,
    private readonly settlement: Settlement,
    private readonly held: HeldClaims,
    private readonly replica: string,
    private readonly floor: DueFloor,
    private readonly turns: OneByOne,
  ) {}

  settle(end: AttemptEnd, placeHeld: boolean): Promise<Settled> {
    if (!placeHeld) this.held.markEnding(end.claim, true);
    return this.put({ claim: end.claim, end, placeHeld, now: end.endedAt });
  }

  release(claim: Claim, now: number): Promise<Settled> {
    this.held.markEnding(claim, true);
    return this.put({ claim, end: null, placeHeld: false, now });
  }

  annotate(claim: Claim, note: RunNote): Promise<void> {
    const noted = this.held.get(claim);
    if (noted === null) return Promise.resolve();
    noted.note(note);
    return new Promise((resolve, reject) => this.lane.put({ noted, resolve, reject }));
  }

  /** What waits, for a claim to write with its own, which begins after this: it has no connection yet. */
  async takeAlong(): Promise<EndingItem[]> {
    const items = this.lane.take();
    const { plain, others } = this.sort(items);
    if (this.underWay === null || plain.length < items.length) await this.writing;
    await this.writeNotes(items);
    await this.writeWithJobs(others);
    return plain;
  }

  /** Answers what a claim has written of those that it took along, and writes the rest. */
  async written(items: readonly EndingItem[], written: ReadonlySet<Ending>): Promise<void> {
    await this.writeWithJobs(this.answerWritten(items, written));
  }

  /** As `written`, when the claim was not made. */
  async notWritten(items: readonly EndingItem[]): Promise<void> {
    for (const item of items) this.lane.put(item);
    await this.lane.rest();
  }

  /** Resolves once all is written that was put in before. */
  async rest(): Promise<void> {
    await this.lane.rest();
    await this.turns.run(() => Promise.resolve());
  }

  private put(ending: Ending): Promise<Settled> {
    return new Promise((resolve, reject) => this.lane.put({ ...ending, resolve, reject }));
  }

  /** Never rejects, as none of the others: whoever put an item in is told. */
  private async write(items: readonly Item[]): Promise<void> {
    const { plain, others } = this.sort(items);
    this.writing = this.writeNotes(items).then(() => this.writePlain(plain));
    const rest = await this.writing;
    this.writing = null;
    others.push(...rest);
    if (others.length > 0) void this.turns.run(() => this.writeWithJobs(others));
  }

  private sort(items: readonly Item[]): { plain: EndingItem[]; others: EndingItem[] } {
    const plain: EndingItem[] = [];
    const others: EndingItem[] = [];
    for (const item of items)
      if ('claim' in item) (this.settlement.isPlain(item) ? plain : others).push(item);
    return { plain, others };
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
    const writing = this.db.transaction((trx) => {
      this.underWay = { jobs, over: writing.catch(() => undefined) };
      return this.settlement.writePlain(trx, items);
    });
    try {
      return await writing;
    } finally {
      this.underWay = null;
    }
  }

  private async writeWithJobs(items: readonly EndingItem[]): Promise<void> {
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

  private async writeNotes(items: readonly Item[]): Promise<void> {
    const notes = items.filter((item): item is NoteItem => 'noted' in item);
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

  private answer(item: EndingItem, settled: Settled): void {
    if (!item.placeHeld || settled === 'refused') this.held.delete(item.claim);
    this.floor.lower(item.end?.retryAt ?? null);
    item.resolve(settled);
  }

  private fail({ claim, reject }: EndingItem, error: unknown): void {
    this.held.markEnding(claim, false);
    reject(error);
  }
}
