/**
 * Refuses statements after one that failed, as PostgreSQL does: some failures (a deadlock on MySQL, a full disk on
 * SQLite) have ended the transaction already, and later statements would be committed by themselves.
 */
export class WholeTransaction {
  #open = false;
  #failure: { error: unknown } | null = null;

  /** @param isHarmless only the statement is undone, and the transaction goes on */
  constructor(private readonly isHarmless: (error: unknown) => boolean = () => false) {}

  begin(): void {
    this.#open = true;
    this.#failure = null;
  }

  end(): void {
    this.#open = false;
    this.#failure = null;
  }

  /** @throws the error of the first statement that failed, and sends nothing */
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
