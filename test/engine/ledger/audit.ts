import type { Run, SchedulerEvent } from '../../../libs/scheduler/src/model/index.js';

interface Books {
  rows: readonly Run[];
  events: readonly SchedulerEvent[];
  /** Runs may outlive the process. */
  isDurable: boolean;
  problems: string[];
}

/** Each row has its one outcome, and the events have told of each tick in it once. */
export function auditRows({ rows, events, isDurable, problems }: Books): void {
  const told = new Map<string, number>();
  const begun = new Map<string, number>();
  const count = (into: Map<string, number>, runId: string, by: number) =>
    void into.set(runId, (into.get(runId) ?? 0) + by);
  for (const event of events) {
    if (event.type === 'scheduler.faulted' || event.type === 'store.down')
      problems.push(`${event.type}: ${String(event.error)}`);
    if (event.type === 'run.started') count(begun, event.runId, 1);
    if ('runId' in event) count(told, event.runId, outcomesIn(event));
  }
  for (const run of rows) {
    const { id, jobId, state, outcome, attempt, attempts } = run;
    const name = `${jobId} ${id} (${outcome ?? state} ${run.reason ?? ''} ${run.scheduledAt?.toISOString() ?? 'without tick'})`;
    if (state !== 'ended' && !isDurable) problems.push(`${name} has no outcome`);
    if (state !== 'ended') continue;
    if (told.get(id) !== run.count)
      problems.push(`${name} stands for ${run.count}, and events told of ${told.get(id) ?? 0}`);
    if ((begun.get(id) ?? 0) !== attempt)
      problems.push(`${name} has ${attempt} attempts, and ${begun.get(id) ?? 0} began`);
    if (attempts.length !== attempt) problems.push(`${name} keeps ${attempts.length} of ${attempt} attempts`);
    if (run.reason === null && attempts.at(-1)?.result !== outcome)
      problems.push(`${name} ended otherwise than its last attempt`);
  }
}

/** Of how many ticks or runs an event tells the outcome. */
function outcomesIn(event: SchedulerEvent): number {
  switch (event.type) {
    case 'run.succeeded':
      return 1;
    case 'run.failed':
      return event.retryAt === null ? 1 : 0;
    case 'run.timedOut':
      return event.willRetry ? 0 : 1;
    case 'run.abandoned':
      return event.runsAgain ? 0 : 1;
    case 'run.skipped':
    case 'run.missed':
    case 'run.coalesced':
    case 'run.cancelled':
      return event.count;
    default:
      return 0;
  }
}
