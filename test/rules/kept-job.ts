import {
  type AttemptResult,
  beginJob,
  type ClaimSlots,
  type CompletionEffect,
  completeRun,
  DueUnit,
  every,
  Facts,
  followZoneData,
  type JobRecord,
  type JobSpec,
  LiveRuns,
  newJobRecord,
  noteCompletions,
  type PolicyOptions,
  readPolicies,
  RunIds,
  type RunRecord,
  StoredUnit,
  type Trigger,
  UnitChanges,
} from '@carillon/scheduler/store';

export const START = Date.UTC(2026, 5, 1, 12);

/** Seconds after the start, as UTC ms. */
export const at = (seconds: number): number => START + seconds * 1_000;

/** Slots of which none is free. */
export const NO_SLOTS: ClaimSlots = { isFull: () => true, take: () => undefined };

/** The records of one job, kept in this process, and rules applied to them as a store would in transactions. */
export class KeptJob {
  record!: JobRecord;
  runs: RunRecord[] = [];
  /** The history, in the order in which runs ended. */
  readonly ended: RunRecord[] = [];
  facts = new Facts();
  changes = new UnitChanges();
  /** Why the record cannot be read from now on. */
  unreadable: unknown = null;
  private readonly runIds = new RunIds();

  add(options: PolicyOptions = {}, trigger: Trigger = every('10s')): this {
    const payload = { page: 1 };
    const spec: JobSpec = {
      id: 'one',
      trigger: trigger.bind({ jobId: 'one', timezone: 'UTC', anchorAt: START }),
      handler: 'work',
      payload,
      policies: readPolicies(options),
      origin: 'added',
      disabled: false,
    };
    this.record = newJobRecord(spec, { payload, declaration: null, now: START, zoneVersion: '2026a' });
    this.decide(0, beginJob);
    return this;
  }

  /** Loads the unit, lets `rule` decide, and keeps what changed. */
  decide<T>(seconds: number, rule: (unit: StoredUnit) => T, zoneVersion = '2026a'): T {
    const facts = (this.facts = new Facts());
    const changes = (this.changes = new UnitChanges());
    const live = new LiveRuns();
    live.list.push(...this.runs);
    const context = {
      now: at(seconds),
      zoneVersion,
      facts,
      changes,
      runId: this.runIds.next,
      readPayload: (payload: unknown) => payload as never,
    };
    const unit = new StoredUnit(this.record, live, context, this.unreadable);
    followZoneData(unit);
    const decided = rule(unit);
    const { made, touched } = changes;
    noteCompletions(unit, (run) => made.has(run) || touched.has(run));
    this.runs = [...live.list];
    for (const run of [...made, ...touched]) {
      if (run.state === 'ended' && !run.holdsSlot && !this.ended.includes(run)) this.ended.push(run);
    }
    return decided;
  }

  claim(seconds: number, slots: ClaimSlots | null = null, replica = 'a', zoneVersion?: string): RunRecord[] {
    const take = (unit: StoredUnit): RunRecord[] => {
      const due = new DueUnit(unit, { replica, leaseUntil: at(seconds + 30), slots });
      while (due.nextAt() <= at(seconds)) due.takeNext();
      return unit.context.changes.claimed;
    };
    return this.decide(seconds, take, zoneVersion);
  }

  complete(
    run: RunRecord,
    seconds: number,
    kind: AttemptResult['kind'] = 'succeeded',
    { retryAt = null, slotHeld = false }: { retryAt?: number | null; slotHeld?: boolean } = {},
  ): CompletionEffect {
    const result = (
      kind === 'succeeded' ? { kind, value: 1 } : { kind, error: new Error('no') }
    ) as AttemptResult;
    const claim = { runId: run.id, token: run.token } as never;
    const completion = {
      claim,
      result,
      startedAt: at(seconds),
      endedAt: at(seconds),
      durationMs: 0,
      retryAt,
    };
    return this.decide(seconds, (unit) => completeRun(unit, run, completion, slotHeld));
  }

  /** Outcome, reason, ticks in seconds after the start, and count of each record of the history. */
  history(): string[] {
    return this.ended.map(({ outcome, reason, scheduledAt, scheduledUntil, count }) => {
      const from = scheduledAt === null ? '-' : (scheduledAt - START) / 1_000;
      const until = scheduledUntil === null ? '' : `..${(scheduledUntil - START) / 1_000}`;
      return `${outcome} ${reason ?? '-'} ${from}${until} x${count}`;
    });
  }
}
