import { expect, it } from 'vitest';
import type { SchedulerEvent } from '../model/index.js';
import type { RecordedOutcome } from '../ports/index.js';
import { EventHub } from './event-hub.js';
import { publishRecorded } from './publish-runs.js';

const startedAt = new Date('2027-01-01T00:00:01Z');
const error = { name: 'TypeError', message: 'no', stack: 'TypeError: no\n  at job' };

function late(outcome: 'failed' | 'timedOut'): RecordedOutcome {
  return {
    jobId: 'job',
    runId: 'run',
    outcome,
    reason: 'misfireGrace',
    scheduledAt: Date.parse('2027-01-01T00:00:00Z'),
    scheduledUntil: null,
    count: 1,
    countIsAtLeast: false,
    attempt: 2,
    into: null,
    lastAttempt: {
      attempt: 2,
      result: outcome,
      startedAt,
      endedAt: new Date(startedAt.getTime() + 250),
      error,
    },
  };
}

it('publishes a run whose retry came too late with the type of its row, and its attempt not again', () => {
  const hub = new EventHub({ clock: { now: () => startedAt.getTime() }, replica: 'test' });
  const events: SchedulerEvent[] = [];
  const failures: SchedulerEvent[] = [];
  hub.events$.subscribe((event) => events.push(event));
  hub.errors$.subscribe((event) => failures.push(event));

  publishRecorded(hub, [late('failed'), late('timedOut')]);

  const attempt = { jobId: 'job', runId: 'run', attempt: 2, durationMs: 250, reason: 'misfireGrace' };
  expect(events).toMatchObject([
    { type: 'run.failed', ...attempt, error, retryAt: null },
    { type: 'run.timedOut', ...attempt, error, willRetry: false, handlerRuns: false },
  ]);
  expect(events[0]).toHaveProperty('error', expect.any(Error));
  expect(failures).toEqual([]);
});
