import type { Claim, Run } from '../../model/index.js';
import type { JobStateChange, RecordedOutcome } from '../../ports/index.js';

/** `12:00:05` in UTC. */
function time(at: Date | number): string {
  return new Date(at).toISOString().slice(11, 19);
}

function joined(...parts: (string | null | false)[]): string {
  return parts.filter((part) => typeof part === 'string').join(' ');
}

/** `coalesced merged 12:00:10..12:00:30 x3`, `succeeded 12:00:40 +3`, `waiting by hand`, `running for 12:00:10`. */
export function asRow(run: Run): string {
  const { outcome, state, reason, scheduledAt, scheduledUntil, standsFor, count, coalesced } = run;
  const instant = standsFor
    ? `for ${time(standsFor)}`
    : scheduledAt
      ? time(scheduledAt) + (scheduledUntil ? `..${time(scheduledUntil)}` : '')
      : 'by hand';
  return joined(
    outcome ?? state,
    reason,
    instant,
    count > 1 && `x${count}`,
    coalesced > 0 && `+${coalesced}`,
  );
}

/** `job 12:00:10`, and ` attempt 2` from the second. */
export function asClaims(claims: readonly Claim[]): string[] {
  return claims.map(({ jobId, scheduledAt, standsForAt, attempt }) => {
    const instant =
      standsForAt === null
        ? scheduledAt === null
          ? 'by hand'
          : time(scheduledAt)
        : `for ${time(standsForAt)}`;
    return joined(jobId, instant, attempt > 1 && `attempt ${attempt}`);
  });
}

/** `job skipped overlap 12:00:10..12:00:30 x3`. */
export function asRecorded(recorded: readonly RecordedOutcome[]): string[] {
  return recorded.map(({ jobId, outcome, reason, scheduledAt, scheduledUntil, count }) => {
    const until =
      scheduledUntil === null || scheduledUntil === scheduledAt ? '' : `..${time(scheduledUntil)}`;
    const instant = scheduledAt === null ? 'by hand' : time(scheduledAt) + until;
    return joined(jobId, outcome, reason, instant, count > 1 && `x${count}`);
  });
}

/** `finished job`. */
export function asChanges(changed: readonly JobStateChange[]): string[] {
  return changed.map(({ kind, jobId }) => `${kind} ${jobId}`);
}
