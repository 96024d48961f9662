import { isPromise, type Store } from '../ports/index.js';

/** A store looks this often, in the scheduler's time, for what other replicas left: a test has none, and travels far. */
const POLL_MS = 86_400_000;

/** A store whose answers are counted while they are awaited. */
export class WatchedStore {
  private pending = 0;

  /** Whether an answer is on its way. */
  get isBusy(): boolean {
    return this.pending > 0;
  }

  watch(store: Store): Store {
    return new Proxy(store, {
      get: (target, name) => {
        if (name === 'pollMs') return POLL_MS;
        const member: unknown = Reflect.get(target, name, target);
        if (typeof member !== 'function') return member;
        return (...args: unknown[]): unknown => this.counted(Reflect.apply(member, target, args));
      },
    });
  }

  private counted(answer: unknown): unknown {
    if (isPromise(answer)) {
      this.pending++;
      const arrived = () => void this.pending--;
      answer.then(arrived, arrived);
    }
    return answer;
  }
}
