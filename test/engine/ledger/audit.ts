import type {
  AttemptRecord,
  Outcome,
  OutcomeReason,
  Run,
  SchedulerEvent,
} from '../../../libs/scheduler/src/model/index.js';

interface History {
  rows: readonly Run[];
  events: readonly SchedulerEvent[];
  /** Runs may outlive the process. */
  isDurable: boolean;
  problems: string[];
}

/** An outcome as an event publishes it, of a run or of ticks without one. */
interface Published {
  outcome: Outcome;
  reason: OutcomeReason | null;
  count: number;
  countIsAtLeast: boolean;
  scheduledAt: Date | null;
  scheduledUntil: Date | null;
}

/** Each row has its one outcome, and its events publish that: the row's outcome is their type, and reason, count and ticks are the same. */
export function auditRows({ rows, events, isDurable, problems }: History): void {
  const published = new Map<string, Published[]>();
  const begun = new Map<string, number>();
  for (const event of events) {
    if (event.type === 'scheduler.faulted' || event.type === 'store.down')
      problems.push(`${event.type}: ${String(event.error)}`);
    if (event.type === 'run.started') begun.set(event.runId, (begun.get(event.runId) ?? 0) + 1);
    const outcome = publishedBy(event);
    if (outcome === null || !('runId' in event)) continue;
    published.set(event.runId, [...(published.get(event.runId) ?? []), outcome]);
  }
  for (const run of rows) {
    const { id, state, attempt } = run;
    const ofRow = published.get(id) ?? [];
    published.delete(id);
    const fault = (what: string): void => void problems.push(`${nameOf(run)} ${what}`);
    if (state !== 'ended') {
      if (!isDurable) fault('has no outcome');
      if (ofRow.length > 0) fault(`is alive, and its event is run.${ofRow[0]!.outcome}`);
      continue;
    }
    compareWithEvents(run, ofRow).forEach(fault);
    findRowFaults(run).forEach(fault);
    if ((begun.get(id) ?? 0) !== attempt) fault(`has ${attempt} attempts, and ${begun.get(id) ?? 0} began`);
  }
  for (const [id, [first]] of published) problems.push(`run.${first!.outcome} is of ${id}, which has no row`);
}

function compareWithEvents(run: Run, published: readonly Published[]): string[] {
  const faults: string[] = [];
  let count = 0;
  for (const event of published) {
    count += event.count;
    if (event.outcome !== run.outcome) faults.push(`has the event run.${event.outcome}`);
    if (event.reason !== run.reason) faults.push(`has an event of the reason ${event.reason ?? 'none'}`);
  }
  if (count !== run.count) faults.push(`stands for ${run.count}, and its events for ${count}`);
  if (published.length === 0) return faults;
  if (run.count > 1 && run.countIsAtLeast !== published.some(({ countIsAtLeast }) => countIsAtLeast))
    faults.push('says otherwise than its events whether its count is exact');
  const [firstAt, lastAt] = [published[0]!.scheduledAt, published.at(-1)!.scheduledUntil];
  const untilAt = run.scheduledUntil ?? run.scheduledAt;
  if (firstAt?.getTime() !== run.scheduledAt?.getTime() || lastAt?.getTime() !== untilAt?.getTime())
    faults.push(`has events of ${asTicks(firstAt, lastAt)}`);
  return faults;
}

/** Null for events that publish no outcome, such as an attempt that another follows. */
function publishedBy(event: SchedulerEvent): Published | null {
  switch (event.type) {
    case 'run.succeeded':
      return ofRun(event, 'succeeded', null);
    case 'run.failed':
      return event.retryAt === null ? ofRun(event, 'failed', event.reason) : null;
    case 'run.timedOut':
      return event.willRetry ? null : ofRun(event, 'timedOut', event.reason);
    case 'run.abandoned':
      return event.runsAgain ? null : ofRun(event, 'abandoned', event.reason);
    case 'run.skipped':
      return { ...event, outcome: 'skipped' };
    case 'run.missed':
      return { ...event, outcome: 'missed' };
    case 'run.coalesced':
      return { ...event, outcome: 'coalesced' };
    case 'run.cancelled':
      return { ...event, outcome: 'cancelled' };
    default:
      return null;
  }
}

function ofRun(
  { scheduledAt }: { scheduledAt: Date | null },
  outcome: Outcome,
  reason: OutcomeReason | null,
): Published {
  return { outcome, reason, count: 1, countIsAtLeast: false, scheduledAt, scheduledUntil: scheduledAt };
}

type Result = AttemptRecord['result'] | 'none';

const CUT: readonly Result[] = ['none', 'failed', 'timedOut', 'abandoned'];
/** The reasons of each outcome, each with the results that the row's last attempt may have then (O7). */
const REASONS: Record<Outcome, Partial<Record<OutcomeReason | 'none', readonly Result[]>>> = {
  succeeded: { none: ['succeeded'] },
  failed: { none: ['failed'], misfireGrace: ['failed'] },
  timedOut: { none: ['timedOut'], misfireGrace: ['timedOut'] },
  cancelled: { replaced: [...CUT, 'cancelled'], removed: CUT, orphaned: ['none'] },
  skipped: { overlap: ['none'], paused: ['none'], edited: ['none'] },
  missed: { misfireGrace: ['none'], maxCatchUp: ['none'], shutdown: ['none'], parked: CUT },
  coalesced: { merged: ['none'] },
  // A store that forgets abandons what waits for its retry, too.
  abandoned: { shutdown: CUT, leaseExpired: ['abandoned'] },
};

/** Contradictions in the row of an ended run, or of ticks without a run. */
export function findRowFaults({ outcome, reason, attempt, attempts }: Run): string[] {
  if (outcome === null) return ['has no outcome'];
  const results = REASONS[outcome][reason ?? 'none'];
  if (results === undefined) return [`has a reason that is none of a run that ${outcome}`];
  const faults: string[] = [];
  const last = attempts.at(-1)?.result ?? 'none';
  if (!results.includes(last)) faults.push(`has ${last} as the result of its last attempt`);
  if (attempts.length !== attempt) faults.push(`keeps ${attempts.length} of ${attempt} attempts`);
  return faults;
}

function nameOf({ id, jobId, state, outcome, reason, scheduledAt, scheduledUntil }: Run): string {
  return `${jobId} ${id} (${outcome ?? state} ${reason ?? ''} ${asTicks(scheduledAt, scheduledUntil)})`;
}

function asTicks(firstAt: Date | null, lastAt: Date | null): string {
  if (firstAt === null) return 'without tick';
  const isOne = lastAt === null || lastAt.getTime() === firstAt.getTime();
  return firstAt.toISOString() + (isOne ? '' : ` to ${lastAt.toISOString()}`);
}
