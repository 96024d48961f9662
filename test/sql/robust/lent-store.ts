import type { LeasedStore, StoreSession } from '@carillon/scheduler/store';

/** A store under a replica's name of the test's choice, whose answers are counted while they are awaited. */
export class LentStore {
  readonly store: LeasedStore;
  private pending = 0;
  private vanished = false;

  constructor(store: LeasedStore, replica: string) {
    this.store = new Proxy(store, {
      get: (target, name) => {
        // Each replica of a test has a store of its own.
        if (name === 'duplicate') return undefined;
        const member: unknown = Reflect.get(target, name, target);
        if (typeof member !== 'function') return member;
        return (...args: unknown[]): unknown => {
          if (this.vanished && name !== 'close') return new Promise(() => {});
          const given = name === 'open' ? [{ ...(args[0] as StoreSession), replica }] : args;
          return this.counted(Reflect.apply(member, target, given) as Promise<unknown>);
        };
      },
    });
  }

  /** Whether an answer is on its way. */
  get isBusy(): boolean {
    return this.pending > 0;
  }

  vanish(): void {
    this.vanished = true;
  }

  private async counted(answer: Promise<unknown>): Promise<unknown> {
    this.pending++;
    try {
      return await answer;
    } finally {
      this.pending--;
    }
  }
}
