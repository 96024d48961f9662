/** Items by small integers, which are reused once they are free: an InstantQueue orders such integers. */
export class Handles<T> {
  private readonly items: (T | undefined)[] = [];
  private readonly free: number[] = [];

  /** Makes an item that knows its handle. */
  add(make: (handle: number) => T): T {
    const handle = this.free.pop() ?? this.items.length;
    const item = make(handle);
    this.items[handle] = item;
    return item;
  }

  get(handle: number): T {
    return this.items[handle]!;
  }

  delete(handle: number): void {
    this.items[handle] = undefined;
    this.free.push(handle);
  }
}
