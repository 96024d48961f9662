import { describe, expect, it } from 'vitest';
import type { Run, SchedulerEvent } from '../../../libs/scheduler/src/model/index.js';
import { auditRows } from './audit.js';

const first = new Date('2026-06-01T12:00:10Z');
const second = new Date('2026-06-01T12:00:20Z');
const third = new Date('2026-06-01T12:00:30Z');

function row(changes: Partial<Run>): Run {
  const attempts = ['succeeded', 'failed', 'timedOut', 'abandoned', 'cancelled'].includes(
    changes.outcome ?? '',
  )
    ? [
        {
          attempt: 1,
          result: changes.outcome,
          startedAt: first,
          endedAt: first,
          error: null,
        } as Run['attempts'][0],
      ]
    : [];
  return {
    id: 'run',
    jobId: 'job',
    scheduledAt: first,
    scheduledUntil: null,
    standsFor: null,
    count: 1,
    countIsAtLeast: false,
    state: 'ended',
    outcome: null,
    reason: null,
    attempt: attempts.length,
    attempts,
    startedAt: null,
    endedAt: null,
    retryAt: null,
    latenessMs: null,
    coalesced: 0,
    error: null,
    result: null,
    progress: null,
    log: [],
    ...changes,
  };
}

type EventOf<T extends SchedulerEvent['type']> = Extract<SchedulerEvent, { type: T }>;

function event<T extends SchedulerEvent['type']>(type: T, changes: Partial<EventOf<T>> = {}): SchedulerEvent {
  const ticks = { scheduledAt: first, scheduledUntil: first, count: 1, countIsAtLeast: false };
  const fact = { at: first, replica: 'a', jobId: 'job', runId: 'run', attempt: 1, ...ticks };
  return { type, ...fact, reason: null, ...changes } as unknown as SchedulerEvent;
}

const started = event('run.started');
const shutDown = row({ outcome: 'abandoned', reason: 'shutdown' });
const abandoned = event('run.abandoned', { reason: 'shutdown', runsAgain: false });
const skipped = row({ outcome: 'skipped', reason: 'overlap', scheduledUntil: third, count: 3 });
const one = event('run.skipped', { reason: 'overlap' });
const two = event('run.skipped', { reason: 'overlap', scheduledAt: second, scheduledUntil: third, count: 2 });
const late = row({ outcome: 'failed', reason: 'misfireGrace' });
const retried = event('run.failed', { retryAt: second });
const tooLate = event('run.failed', { reason: 'misfireGrace', retryAt: null });

function audit(rows: Run[], events: SchedulerEvent[], isDurable = false): string {
  const problems: string[] = [];
  auditRows({ rows, events, isDurable, problems });
  return problems.join('\n');
}

describe('the audit of the history', () => {
  it.each<[string, Run, SchedulerEvent[]]>([
    ['a run', row({ outcome: 'succeeded' }), [started, event('run.succeeded')]],
    ['an abandoned run', shutDown, [started, abandoned]],
    ['a span that several events tell of', skipped, [one, two]],
    ['a retry that came too late', late, [started, retried, tooLate]],
  ])('finds nothing wrong with %s', (_, run, events) => {
    expect(audit([run], events)).toBe('');
  });

  it.each<[string, Run[], SchedulerEvent[], string]>([
    [
      'another outcome than its event (the first drift of the two cores)',
      [{ ...shutDown, outcome: 'cancelled', reason: 'replaced' }],
      [started, abandoned],
      'has the event run.abandoned',
    ],
    [
      'another outcome than its event (the third drift)',
      [late],
      [started, retried, event('run.missed', { reason: 'misfireGrace' })],
      'has the event run.missed',
    ],
    [
      'another reason than its event',
      [{ ...skipped, reason: 'paused' }],
      [one, two],
      'has an event of the reason overlap',
    ],
    [
      'a smaller count than its events',
      [{ ...skipped, count: 2 }],
      [one, two],
      'stands for 2, and its events for 3',
    ],
    ['a tick that no event has', [skipped], [two], 'stands for 3, and its events for 2'],
    ['an event twice', [skipped], [one, two, two], 'stands for 3, and its events for 5'],
    [
      'other ticks than its events',
      [{ ...skipped, scheduledUntil: second }],
      [one, two],
      'has events of 2026-06-01T12:00:10.000Z to 2026-06-01T12:00:30.000Z',
    ],
    [
      'an exact count of events that are not sure',
      [skipped],
      [one, { ...two, countIsAtLeast: true } as SchedulerEvent],
      'whether its count is exact',
    ],
    ['no event', [row({ outcome: 'coalesced', reason: 'merged' })], [], 'stands for 1, and its events for 0'],
    ['no outcome', [row({ state: 'running', attempts: [], attempt: 1 })], [started], 'has no outcome'],
    [
      'an attempt that did not begin',
      [row({ outcome: 'succeeded' })],
      [event('run.succeeded')],
      'and 0 began',
    ],
    [
      'another outcome than its last attempt',
      [{ ...row({ outcome: 'failed' }), outcome: 'succeeded' }],
      [started, event('run.succeeded')],
      'has failed as the result of its last attempt',
    ],
    [
      'a reason of other outcomes',
      [row({ outcome: 'succeeded', reason: 'overlap' })],
      [started, event('run.succeeded')],
      'has a reason that is none of a run that succeeded',
    ],
  ])('finds a row that has %s', (_, rows, events, problem) => {
    expect(audit(rows, events)).toContain(problem);
  });

  it('finds an event that has no row', () => {
    expect(audit([], [event('run.missed', { reason: 'shutdown' })])).toBe(
      'run.missed is of run, which has no row',
    );
  });

  it('leaves a run alive where it may outlive the process, but not with an outcome', () => {
    const alive = row({ state: 'running', attempt: 1 });
    expect(audit([alive], [started], true)).toBe('');
    expect(audit([alive], [started, event('run.succeeded')], true)).toContain(
      'is alive, and its event is run.succeeded',
    );
  });
});
