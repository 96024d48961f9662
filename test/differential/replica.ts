import {
  type AttemptResult,
  type Claim,
  type ClaimBatch,
  isLeased,
  type LeasedStore,
  type Store,
} from '@carillon/scheduler/store';
import { byJob, identitiesOf } from './legal-differences.js';

interface Attempt {
  readonly claim: Claim;
  readonly startedAt: number;
}

interface Completed {
  result: AttemptResult;
  now: number;
  retryMs?: number;
  slotHeld?: boolean;
}

/** One process of a script: its store, the attempts that are under way, and the slots that it holds for others. */
export class Replica {
  private readonly running: Attempt[] = [];
  private readonly held: Claim[] = [];
  renewedAt: number;

  /** @param tokens the last of each run, of all replicas */
  constructor(
    readonly store: Store,
    private readonly tokens: Map<string, number>,
    now: number,
  ) {
    this.renewedAt = now;
  }

  get leased(): LeasedStore {
    if (!isLeased(this.store)) throw new Error('The step wants a store with leases.');
    return this.store;
  }

  /** Claims everything that is due, however many batches the store makes of it. */
  async claim(now: number): Promise<unknown> {
    const batches: ClaimBatch[] = [];
    const inAll = <T>(listOf: (batch: ClaimBatch) => readonly T[]): T[] => batches.flatMap(listOf);
    for (let isEmpty = false; !isEmpty;) {
      if (batches.length > 100) throw new Error('The store claims without end.');
      const batch = await this.store.claimDue({ now, limit: 100 });
      const { claims, recorded, changed, recovered = [] } = batch;
      isEmpty = [claims, recorded, changed, recovered].every(({ length }) => length === 0);
      batches.push(batch);
    }
    const claims = byJob(
      inAll((batch) => batch.claims),
      ({ jobId }) => jobId,
    );
    for (const claim of claims) this.begin(claim, now);
    return {
      claims,
      recorded: inAll(({ recorded }) => recorded),
      cancelled: identitiesOf(inAll(({ cancelled }) => cancelled)),
      changed: inAll(({ changed }) => changed),
      recovered: inAll(({ recovered = [] }) => recovered),
    };
  }

  /** Completes one of the attempts under way. Null when there is none. */
  async complete(number: number, { result, now, retryMs, slotHeld = false }: Completed): Promise<unknown> {
    const attempt = draw(this.running, number);
    if (attempt === null) return null;
    const { claim, startedAt } = attempt;
    if (slotHeld) this.held.push(claim);
    const retryAt = retryMs === undefined ? null : now + retryMs;
    const durationMs = now - startedAt;
    return this.store.complete({ claim, result, startedAt, endedAt: now, durationMs, retryAt }, slotHeld);
  }

  async release(number: number, now: number): Promise<unknown> {
    const claim = draw(this.held, number);
    return claim && this.store.release(claim, now);
  }

  async note(number: number, message: string, now: number): Promise<void> {
    const attempt = this.running[number % this.running.length];
    if (!attempt) return;
    const line = { level: 'info', message, at: new Date(now) } as const;
    await this.store.annotate(attempt.claim, { kind: 'line', line });
  }

  async renew(now: number): Promise<unknown> {
    this.renewedAt = now;
    const claims = [...this.running.map(({ claim }) => claim), ...this.held];
    const { lost, cancelled } = await this.leased.renew(claims, now);
    return { lost: identitiesOf(lost), cancelled: identitiesOf(cancelled) };
  }

  async beat(now: number): Promise<unknown> {
    const { recorded, changed, unhandled } = await this.leased.beat(now);
    return { recorded, changed, unhandled };
  }

  async giveBack(number: number, now: number): Promise<void> {
    const attempt = draw(this.running, number);
    if (attempt) await this.leased.giveBack([attempt.claim], now);
  }

  private begin(claim: Claim, now: number): void {
    const { runId, token } = claim;
    const before = this.tokens.get(runId);
    if (before !== undefined && token <= before)
      throw new Error(`Token ${token} of a run follows ${before}.`);
    this.tokens.set(runId, token);
    this.running.push({ claim, startedAt: now });
  }
}

/** Takes an element out of the list. A number beyond its end counts round. */
function draw<T>(list: T[], number: number): T | null {
  return list.length === 0 ? null : list.splice(number % list.length, 1)[0]!;
}
