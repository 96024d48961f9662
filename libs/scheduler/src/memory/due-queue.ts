import { InstantQueue } from '../timing/index.js';

/**
 * Slots by the instant they are due. A slot that is due and may not start, because its group has no
 * place, is set aside with its instant until there is one, so that the order stays.
 */
export class DueQueue extends InstantQueue {
  /** Null while nothing is set aside. */
  private aside: Map<string, InstantQueue> | null = null;

  override set(slot: number, at: number): void {
    if (this.aside !== null) this.deleteAside(slot);
    super.set(slot, at);
  }

  override delete(slot: number): void {
    if (this.aside !== null) this.deleteAside(slot);
    super.delete(slot);
  }

  override instantOf(slot: number): number | null {
    const at = super.instantOf(slot);
    if (at !== null || this.aside === null) return at;
    for (const queue of this.aside.values()) {
      if (queue.has(slot)) return queue.instantOf(slot);
    }
    return null;
  }

  override clear(): void {
    this.aside = null;
    super.clear();
  }

  setAside(slot: number, group: string): void {
    const at = this.instantOf(slot)!;
    this.delete(slot);
    const aside = (this.aside ??= new Map<string, InstantQueue>());
    let queue = aside.get(group);
    if (!queue) aside.set(group, (queue = new InstantQueue()));
    queue.set(slot, at);
  }

  /** Takes back as many as have a place by now, earliest first. */
  takeBack(placesIn: (group: string) => number): void {
    if (this.aside === null) return;
    for (const [group, queue] of this.aside) {
      for (let places = placesIn(group); places > 0 && queue.length > 0; places--) {
        const slot = queue.first();
        super.set(slot, queue.earliest()!);
        queue.delete(slot);
      }
      if (queue.length === 0) this.aside.delete(group);
    }
    if (this.aside.size === 0) this.aside = null;
  }

  private deleteAside(slot: number): void {
    for (const queue of this.aside!.values()) queue.delete(slot);
  }
}
