/**
 * One write after the other. What is put in meanwhile waits, and goes together in the next one: with
 * whatever work comes first, or by itself.
 */
export class WriteLane<Item> {
  private items: Item[] = [];
  private readonly work: (() => Promise<void>)[] = [];
  private busy = false;

  /** @param flush writes items that no work took along; never rejects */
  constructor(private readonly flush: (items: Item[]) => Promise<void>) {}

  put(item: Item): void {
    this.items.push(item);
    this.begin();
  }

  /** What waits; the caller writes it with its own. */
  take(): Item[] {
    const taken = this.items;
    this.items = [];
    return taken;
  }

  /** @throws what `work` throws */
  run<T>(work: () => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.work.push(() => work().then(resolve, reject));
      this.begin();
    });
  }

  private begin(): void {
    if (this.busy) return;
    this.busy = true;
    void this.goOn();
  }

  private async goOn(): Promise<void> {
    // What follows in this turn of the event loop goes along.
    await Promise.resolve();
    for (;;) {
      const work = this.work.shift();
      if (work) await work();
      else if (this.items.length > 0) await this.flush(this.take());
      else break;
    }
    this.busy = false;
  }
}
