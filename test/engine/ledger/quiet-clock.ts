import { isPromise, type Store } from '../../../libs/scheduler/src/ports/index.js';
import { ManualClock } from '../../../libs/scheduler/src/testing/index.js';

/**
 * A manual clock that moves on only once the store has answered everything it was asked: with a store
 * that answers with promises, each instant is over before the next one begins.
 */
export class QuietClock extends ManualClock {
  private readonly pending = new Set<Promise<unknown>>();

  override async settle(): Promise<void> {
    await super.settle();
    while (this.pending.size > 0) {
      await Promise.allSettled(this.pending);
      await super.settle();
    }
  }

  /** The store, with its answers counted while they are awaited. */
  watch<S extends Store>(store: S): S {
    return new Proxy(store, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name, target);
        if (typeof member !== 'function') return member;
        return (...args: unknown[]): unknown => this.await(Reflect.apply(member, target, args));
      },
    });
  }

  private await(answer: unknown): unknown {
    if (!isPromise(answer)) return answer;
    const done = answer.then(nothing, nothing).finally(() => this.pending.delete(done));
    this.pending.add(done);
    return answer;
  }
}

function nothing(): void {}
