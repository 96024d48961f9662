import { InstantQueue } from '../timing/index.js';

/**
 * Handles by the instant at which they are due. One that is due and may not start, because its group has no free
 * slot, is set aside with its instant until there is one, so that the order stays.
 */
export class DueQueue extends InstantQueue {
  /** Null while nothing is set aside. */
  private aside: Map<string, InstantQueue> | null = null;

  override set(handle: number, at: number): void {
    if (this.aside !== null) this.deleteAside(handle);
    super.set(handle, at);
  }

  override delete(handle: number): void {
    if (this.aside !== null) this.deleteAside(handle);
    super.delete(handle);
  }

  override instantOf(handle: number): number | null {
    const at = super.instantOf(handle);
    if (at !== null || this.aside === null) return at;
    for (const queue of this.aside.values()) {
      if (queue.has(handle)) return queue.instantOf(handle);
    }
    return null;
  }

  override clear(): void {
    this.aside = null;
    super.clear();
  }

  setAside(handle: number, group: string): void {
    const at = this.instantOf(handle)!;
    this.delete(handle);
    const aside = (this.aside ??= new Map<string, InstantQueue>());
    let queue = aside.get(group);
    if (!queue) aside.set(group, (queue = new InstantQueue()));
    queue.set(handle, at);
  }

  /** Takes back as many as have a slot by now, earliest first. */
  takeBack(freeSlots: (group: string) => number): void {
    if (this.aside === null) return;
    for (const [group, queue] of this.aside) {
      for (let free = freeSlots(group); free > 0 && queue.length > 0; free--) {
        const handle = queue.first();
        super.set(handle, queue.earliest()!);
        queue.delete(handle);
      }
      if (queue.length === 0) this.aside.delete(group);
    }
    if (this.aside.size === 0) this.aside = null;
  }

  /** Takes back one that was set aside, whether or not there is a slot. */
  restore(handle: number): void {
    if (this.aside === null || this.aside.size === 0) return;
    const at = this.instantOf(handle);
    if (at !== null) this.set(handle, at);
  }

  private deleteAside(handle: number): void {
    for (const queue of this.aside!.values()) queue.delete(handle);
  }
}
