/** One write after the other: what is put in meanwhile waits, and goes together in the next one. */
export class WriteLane<Item> {
  private items: Item[] = [];
  private writing: Promise<void> | null = null;

  /** @param write never rejects */
  constructor(private readonly write: (items: Item[]) => Promise<void>) {}

  put(item: Item): void {
    this.items.push(item);
    this.writing ??= this.goOn();
  }

  /** What waits; the caller writes it with its own. */
  take(): Item[] {
    const taken = this.items;
    this.items = [];
    return taken;
  }

  /** Resolves once nothing waits. */
  async rest(): Promise<void> {
    await this.writing;
  }

  private async goOn(): Promise<void> {
    // What follows in this turn of the event loop goes along.
    await Promise.resolve();
    while (this.items.length > 0) await this.write(this.take());
    this.writing = null;
  }
}
