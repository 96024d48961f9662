/** Things by small whole numbers, which are used again once they are free. */
export class Slots<T> {
  private readonly items: (T | undefined)[] = [];
  private readonly free: number[] = [];

  /** Makes a thing that knows its slot. */
  add(make: (slot: number) => T): T {
    const slot = this.free.pop() ?? this.items.length;
    const item = make(slot);
    this.items[slot] = item;
    return item;
  }

  get(slot: number): T {
    return this.items[slot]!;
  }

  delete(slot: number): void {
    this.items[slot] = undefined;
    this.free.push(slot);
  }
}
