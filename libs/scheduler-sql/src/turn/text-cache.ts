const MOST = 10_000;

/** What texts mean, read once each. Bounded: when it is full it begins anew. */
export class TextCache<T> {
  private readonly values = new Map<string, T>();

  constructor(private readonly read: (text: string) => T) {}

  get(text: string): T {
    let value = this.values.get(text);
    if (value === undefined) {
      value = this.read(text);
      if (this.values.size >= MOST) this.values.clear();
      this.values.set(text, value);
    }
    return value;
  }
}
