/** Work that is done one piece after the other. */
export class OneByOne {
  private last: Promise<unknown> = Promise.resolve();

  /** @throws what `work` throws; what follows is done nevertheless */
  run<T>(work: () => Promise<T>): Promise<T> {
    const done = this.last.then(work);
    this.last = done.catch(() => undefined);
    return done;
  }
}
