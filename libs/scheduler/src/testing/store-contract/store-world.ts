import { NO_LIMITS } from '../../model/index.js';
import { Replica } from './replica.js';
import type { StoreHome } from './store-contract.js';

export type Cases = Readonly<Record<string, (world: StoreWorld) => Promise<void>>>;

export interface ReplicaOptions {
  name?: string;
  /** How many attempts may run at once, by group. */
  groups?: Record<string, number>;
  whole?: number;
  handlers?: readonly string[];
}

/** The replicas of one case. */
export class StoreWorld {
  private readonly replicas = new Set<Replica>();

  constructor(private readonly home: StoreHome) {}

  /** One more process opens a store over the home's data. */
  async replica({
    name = 'a',
    groups = {},
    whole,
    handlers = ['work'],
  }: ReplicaOptions = {}): Promise<Replica> {
    const concurrency = whole === undefined ? { ...NO_LIMITS, groups } : { whole, groups };
    const replica = new Replica(await this.home.store(concurrency));
    await replica.store.open({
      replica: name,
      concurrency,
      handlers: () => handlers,
      onHint: (hint) => replica.hints.push(hint),
    });
    this.replicas.add(replica);
    return replica;
  }

  async two(options: ReplicaOptions = {}): Promise<[Replica, Replica]> {
    return [await this.replica({ ...options, name: 'a' }), await this.replica({ ...options, name: 'b' })];
  }

  /** The replica's process ends, and another one begins with the same data. */
  async restart(replica: Replica, now: number, options: ReplicaOptions = {}): Promise<Replica> {
    this.replicas.delete(replica);
    await replica.store.close(now);
    return this.replica({ name: 'restarted', ...options });
  }

  async spoil(jobId: string): Promise<void> {
    await this.home.spoil(jobId);
  }

  async close(): Promise<void> {
    for (const { store, lastNow } of this.replicas) await store.close(lastNow);
    await this.home.close?.();
  }
}
