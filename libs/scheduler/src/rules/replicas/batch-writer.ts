/** Writes one batch after the other: items that arrive during a write go together in the next one. */
export class BatchWriter<Item> {
  private items: Item[] = [];
  private writing: Promise<void> | null = null;

  /** @param write never rejects */
  constructor(private readonly write: (items: Item[]) => Promise<void>) {}

  put(item: Item): void {
    this.items.push(item);
    this.writing ??= this.writeAll();
  }

  /** Hands over the items that wait, for the caller to write. */
  take(): Item[] {
    const taken = this.items;
    this.items = [];
    return taken;
  }

  /** Resolves once nothing waits. */
  async idle(): Promise<void> {
    await this.writing;
  }

  private async writeAll(): Promise<void> {
    // Items of this task of the event loop go along.
    await Promise.resolve();
    while (this.items.length > 0) await this.write(this.take());
    this.writing = null;
  }
}
