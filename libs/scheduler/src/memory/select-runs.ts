import { InvalidOptionsError, type Run, type RunFilter } from '../model/index.js';
import type { MemoryRun } from './memory-run.js';

const DEFAULT_LIMIT = 100;

/** The runs that match, newest first, one page. */
export function selectRuns(runs: MemoryRun[], filter: RunFilter, runIdPrefix: string): Run[] {
  const { jobId, outcome, state, from, to, limit = DEFAULT_LIMIT, after } = filter;
  const outcomes = outcome === undefined ? null : typeof outcome === 'string' ? [outcome] : outcome;
  const beforeSequence = after === undefined ? Number.POSITIVE_INFINITY : sequenceOf(after, runIdPrefix);
  return runs
    .filter(
      (run) =>
        run.sequence < beforeSequence &&
        (jobId === undefined || run.jobId === jobId) &&
        (state === undefined || run.state === state) &&
        (outcomes === null || (run.outcome !== null && outcomes.includes(run.outcome))) &&
        (from === undefined || run.instant >= from.getTime()) &&
        (to === undefined || run.instant <= to.getTime()),
    )
    .sort((a, b) => b.sequence - a.sequence)
    .slice(0, limit)
    .map((run) => run.view());
}

function sequenceOf(runId: string, prefix: string): number {
  const sequence = runId.startsWith(prefix) ? Number.parseInt(runId.slice(prefix.length), 36) : Number.NaN;
  if (Number.isNaN(sequence))
    throw new InvalidOptionsError('after', runId, 'Give the id of a run that getRuns returned.');
  return sequence;
}
