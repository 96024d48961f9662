/**
 * A transaction whose statement has failed takes no further ones, as on PostgreSQL: some failures (a deadlock on
 * MySQL, a full disk on SQLite) have undone and ended it already, and what follows would be kept by itself.
 */
export class WholeTransaction {
  #open = false;
  #failure: { error: unknown } | null = null;

  /** @param isHarmless the statement is undone, nothing else, and whoever sent it goes on */
  constructor(private readonly isHarmless: (error: unknown) => boolean = () => false) {}

  begin(): void {
    this.#open = true;
    this.#failure = null;
  }

  end(): void {
    this.#open = false;
    this.#failure = null;
  }

  /** @throws what the first statement that failed threw, and carries out nothing */
  async run<R>(statement: () => Promise<R>): Promise<R> {
    if (this.#failure !== null) throw this.#failure.error;
    try {
      return await statement();
    } catch (error) {
      if (this.#open && !this.isHarmless(error)) this.#failure ??= { error };
      throw error;
    }
  }
}
