import { InstantQueue } from '../timing/index.js';

/**
 * Slots by the instant they are due. A slot that is due and may not start, because its group has no
 * place, is set aside with its instant until there is one, so that the order stays.
 */
export class DueQueue {
  private readonly open = new InstantQueue();
  private readonly aside = new Map<string, InstantQueue>();

  set(slot: number, at: number): void {
    if (this.aside.size > 0) this.deleteAside(slot);
    this.open.set(slot, at);
  }

  delete(slot: number): void {
    this.open.delete(slot);
    if (this.aside.size > 0) this.deleteAside(slot);
  }

  /** Null when it is not queued. */
  instantOf(slot: number): number | null {
    const at = this.open.instantOf(slot);
    if (at !== null || this.aside.size === 0) return at;
    for (const queue of this.aside.values()) {
      if (queue.has(slot)) return queue.instantOf(slot);
    }
    return null;
  }

  /** The earliest instant of those not set aside; null when there is none. */
  earliest(): number | null {
    return this.open.earliest();
  }

  /** The slot of the earliest instant. Ask only while there is one. */
  first(): number {
    return this.open.first();
  }

  setAside(slot: number, group: string): void {
    const at = this.open.instantOf(slot)!;
    this.open.delete(slot);
    let queue = this.aside.get(group);
    if (!queue) this.aside.set(group, (queue = new InstantQueue()));
    queue.set(slot, at);
  }

  /** Takes back as many as have a place by now, earliest first. */
  takeBack(placesIn: (group: string) => number): void {
    if (this.aside.size === 0) return;
    for (const [group, queue] of this.aside) {
      for (let places = placesIn(group); places > 0 && queue.length > 0; places--) {
        const slot = queue.first();
        this.open.set(slot, queue.earliest()!);
        queue.delete(slot);
      }
      if (queue.length === 0) this.aside.delete(group);
    }
  }

  clear(): void {
    this.open.clear();
    this.aside.clear();
  }

  private deleteAside(slot: number): void {
    for (const queue of this.aside.values()) queue.delete(slot);
  }
}
