import {
  BatchWriter,
  type Claim,
  type Completion,
  type CompletionEffect,
  type HeldClaim,
  type RunNote,
} from '@carillon/scheduler/store';
import { isOverWithin } from '../driver/real-time.js';
import { inTransaction, retrying } from '../driver/transactions.js';
import type { StoreContext } from '../units/store-context.js';
import { CompletionWriter, type PendingCompletion, writeHeldNotes } from './completion-writer.js';

/**
 * How long a claim waits for completions that are being written: they take milliseconds. Bounded, because the blocker
 * may itself wait for locks that this claim holds, a deadlock across two connections that no database detects.
 */
export const longestWaitMs = (leaseMs: number): number => Math.min(1_000, leaseMs / 10);

interface Waiting<T> {
  resolve: (result: T) => void;
  reject: (error: unknown) => void;
}
type CompletionItem = PendingCompletion & Waiting<CompletionEffect>;
type NoteItem = { readonly noted: HeldClaim } & Waiting<void>;
type Item = CompletionItem | NoteItem;

/** A transaction of completions beside the claims, which have a connection of their own. */
export interface CompletionsUnderWay {
  /** The jobs whose runs end. */
  readonly jobs: ReadonlySet<string>;
  /** Never rejects. */
  readonly over: Promise<unknown>;
}

/** Writes completions and handlers' notes in batches. Completions that change their job take turns with the claims. */
export class CompletionBatcher {
  underWay: CompletionsUnderWay | null = null;
  readonly writer: CompletionWriter;
  /** The batch that is written, its wait for a connection included. */
  private writing: Promise<CompletionItem[]> | null = null;
  /** Completions that change their job, in the order in which they came. */
  private readonly withJobs: CompletionItem[] = [];
  private readonly batches = new BatchWriter<Item>((items) => this.write(items));

  constructor(private readonly context: StoreContext) {
    this.writer = new CompletionWriter(context);
  }

  complete(completion: Completion, slotHeld: boolean): Promise<CompletionEffect> {
    const { claim, endedAt: now } = completion;
    if (!slotHeld) this.context.held.markCompleting(claim, true);
    return this.put({ claim, completion, slotHeld, now });
  }

  release(claim: Claim, now: number): Promise<CompletionEffect> {
    this.context.held.markCompleting(claim, true);
    return this.put({ claim, completion: null, slotHeld: false, now });
  }

  annotate(claim: Claim, note: RunNote): Promise<void> {
    const noted = this.context.held.get(claim);
    if (noted === null) return Promise.resolve();
    noted.note(note);
    return new Promise((resolve, reject) => this.batches.put({ noted, resolve, reject }));
  }

  /** Hands over the completions that wait, for a claim to write with its own. The claim begins after this: it has no connection yet. */
  async takeAlong(): Promise<CompletionItem[]> {
    const { alone, others, notes } = this.sort(this.batches.take());
    for (const note of notes) this.batches.put(note);
    this.withJobs.push(...others);
    // A claim can wait for the jobs of a transaction; not for a connection, while it has one itself.
    if (this.writing !== null && this.underWay === null)
      await isOverWithin(this.writing, longestWaitMs(this.context.leaseMs));
    await this.writeWithJobs();
    return alone;
  }

  /** Resolves those that a claim has written of the completions that it took along, and writes the rest. */
  async written(items: readonly CompletionItem[], written: ReadonlySet<PendingCompletion>): Promise<void> {
    this.withJobs.push(...this.resolveWritten(items, written));
    await this.writeWithJobs();
  }

  /** As `written`, when the claim was not made. */
  async notWritten(items: readonly CompletionItem[]): Promise<void> {
    this.withJobs.push(...(await this.writeAlone(items)));
    await this.writeWithJobs();
  }

  /** Resolves once everything is written. Nothing may be put in any more. */
  async idle(): Promise<void> {
    // A claim under way may give back what it took along.
    for (let round = 0; round < 2; round++) {
      await this.batches.idle();
      await this.context.serial.run(() => this.writeWithJobs());
    }
  }

  private put(pending: PendingCompletion): Promise<CompletionEffect> {
    return new Promise((resolve, reject) => this.batches.put({ ...pending, resolve, reject }));
  }

  /** Never rejects, as none of the others: the caller of each item gets its error. */
  private async write(items: readonly Item[]): Promise<void> {
    const { alone, others, notes } = this.sort(items);
    this.inSerial(others);
    const writing = this.writeAlone(alone);
    this.writing = writing;
    this.inSerial(await writing);
    this.writing = null;
    await this.writeNotes(notes);
  }

  private inSerial(items: readonly CompletionItem[]): void {
    if (items.length === 0) return;
    this.withJobs.push(...items);
    void this.context.serial.run(() => this.writeWithJobs());
  }

  private sort(items: readonly Item[]): {
    alone: CompletionItem[];
    others: CompletionItem[];
    notes: NoteItem[];
  } {
    const alone: CompletionItem[] = [];
    const others: CompletionItem[] = [];
    const notes: NoteItem[] = [];
    for (const item of items) {
      if ('noted' in item) notes.push(item);
      else (this.writer.isAlone(item) ? alone : others).push(item);
    }
    return { alone, others, notes };
  }

  /** Returns those that were not written, because they change more than their run. */
  private async writeAlone(items: readonly CompletionItem[]): Promise<CompletionItem[]> {
    if (items.length === 0) return [];
    try {
      const written = await retrying(this.context.db, () => this.tryAlone(items));
      return this.resolveWritten(items, written);
    } catch (error) {
      for (const item of items) this.reject(item, error);
      return [];
    }
  }

  private async tryAlone(items: readonly CompletionItem[]): Promise<ReadonlySet<PendingCompletion>> {
    const jobs = new Set(items.map(({ claim }) => claim.jobId));
    let mine: CompletionsUnderWay | null = null;
    const writing = this.context.db.transaction((trx) => {
      this.underWay = mine = { jobs, over: writing.catch(() => undefined) };
      return this.writer.writeAlone(trx, items);
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
    const { db, floor } = this.context;
    try {
      const effects = await inTransaction(db, (trx) => this.writer.writeWithJobs(trx, items));
      // A run that was queued may be due now.
      floor.reset();
      for (const item of items) this.resolve(item, effects.get(item)!);
    } catch (error) {
      for (const item of items) this.reject(item, error);
    }
  }

  /** A completion that is written before its notes brings them along. */
  private async writeNotes(notes: readonly NoteItem[]): Promise<void> {
    if (notes.length === 0) return;
    const { context } = this;
    try {
      const noted = new Set(notes.map((note) => note.noted));
      await inTransaction(context.db, (trx) => writeHeldNotes(context, trx, noted));
      for (const { resolve } of notes) resolve();
    } catch (error) {
      for (const { reject } of notes) reject(error);
    }
  }

  private resolveWritten(
    items: readonly CompletionItem[],
    written: ReadonlySet<PendingCompletion>,
  ): CompletionItem[] {
    const rest: CompletionItem[] = [];
    for (const item of items) {
      if (written.has(item)) this.resolve(item, 'recorded');
      else rest.push(item);
    }
    return rest;
  }

  private resolve(item: CompletionItem, effect: CompletionEffect): void {
    const { held, floor } = this.context;
    if (!item.slotHeld || effect === 'refused') held.delete(item.claim);
    floor.lower(item.completion?.retryAt ?? null);
    item.resolve(effect);
  }

  private reject({ claim, reject }: CompletionItem, error: unknown): void {
    this.context.held.markCompleting(claim, false);
    reject(error);
  }
}
