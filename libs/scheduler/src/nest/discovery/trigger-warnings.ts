import { CronTrigger, formatDuration, type Trigger } from '../../timing/index.js';

export interface TriggerWarning {
  readonly code: string;
  readonly message: string;
}

/** Gaps between ticks that are compared with the jitter: enough for the rhythm of a week. */
const COMPARED_GAPS = 100;

/** Warns of a bound trigger that does less than it says. `subject` is the job, as in `the job "daily"`. */
export function* triggerWarnings(
  subject: string,
  trigger: Trigger,
  fromAt: number,
): Generator<TriggerWarning> {
  if (trigger instanceof CronTrigger) {
    for (const { code, message } of trigger.warnings) {
      yield { code, message: `The cron expression "${trigger.expression}" of ${subject}: ${message}.` };
    }
  }
  if (trigger.firstAt(fromAt) === null) {
    yield {
      code: 'FINISHED',
      message: `${capitalised(subject)} has no tick any more: ${trigger.toString()}.`,
    };
    return;
  }
  const longJitter = jitterWarning(subject, trigger, fromAt);
  if (longJitter !== null) yield longJitter;
}

/** Warns of a jitter that is longer than the time between two ticks; null when it is not. */
export function jitterWarning(subject: string, trigger: Trigger, fromAt: number): TriggerWarning | null {
  const jitterMs = 'jitterMs' in trigger ? (trigger.jitterMs as number) : 0;
  if (jitterMs === 0) return null;
  const gapMs = shortestGap(trigger, fromAt);
  if (jitterMs <= gapMs) return null;
  return {
    code: 'LONG_JITTER',
    message: `${capitalised(subject)} has a jitter of ${formatDuration(jitterMs)}, and ticks ${formatDuration(gapMs)} apart: no delay passes the next tick.`,
  };
}

function shortestGap(trigger: Trigger, fromAt: number): number {
  let shortest = Infinity;
  let at = trigger.firstAt(fromAt);
  for (let gaps = 0; at !== null && gaps < COMPARED_GAPS; gaps++) {
    const next = trigger.nextAt(at);
    if (next !== null) shortest = Math.min(shortest, next - at);
    at = next;
  }
  return shortest;
}

function capitalised(subject: string): string {
  return subject[0]!.toUpperCase() + subject.slice(1);
}
