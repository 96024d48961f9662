import { isLeased, isPromise, type Store } from '../ports/index.js';
import { TimeTravelError } from './time-travel-error.js';

/** A kept store is polled this often in the scheduler's time: a test has no other replicas, and travels far. */
const POLL_MS = 7 * 86_400_000;

/** A store whose pending promises are counted. */
export class WatchedStore {
  private pending = 0;

  get isBusy(): boolean {
    return this.pending > 0;
  }

  watch(store: Store): Store {
    return new Proxy(store, {
      get: (target, name) => {
        if (name === 'pollMs') return POLL_MS;
        const member: unknown = Reflect.get(target, name, target);
        if (typeof member !== 'function') return member;
        return (...args: unknown[]): unknown => {
          const result: unknown = Reflect.apply(member, target, args);
          return this.counted(name === 'open' ? refuseShared(target, result) : result);
        };
      },
    });
  }

  private counted(result: unknown): unknown {
    if (isPromise(result)) {
      this.pending++;
      const settled = () => void this.pending--;
      result.then(settled, settled);
    }
    return result;
  }
}

/** In the future of a test the other replicas look dead: their jobs would be orphaned, and their runs taken over. */
async function refuseShared(store: Store, opened: unknown): Promise<void> {
  await opened;
  if (!isLeased(store)) return;
  const others = await store.otherReplicas();
  if (others.length === 0) return;
  await store.close(await store.time());
  throw new TimeTravelError(
    `The store is in use by ${others.join(', ')}, so time in it is not to be moved. ` +
      'Give the test a store of its own, or leave out keepStore, so that its jobs live in memory.',
  );
}
