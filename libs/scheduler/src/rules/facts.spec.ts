import { expect, it } from 'vitest';
import { Facts, recordedOutcome } from './facts.js';
import { newRunRecord } from './records.js';

const job = { id: 'one', generation: 1 };
const origin = { scheduledAt: 10, standsForAt: null, dueAt: 12, payload: undefined };

it('facts of one verb do not show up in another', () => {
  const one = new Facts();
  one.change({ kind: 'finished', jobId: 'one' });
  one.change({ kind: 'paused', jobId: 'two' });
  expect(one.changed.map(({ kind }) => kind)).toEqual(['finished', 'paused']);
  expect(new Facts().changed).toEqual([]);
});

it('an outcome names the run that its ticks were merged into only when they were coalesced', () => {
  const into = newRunRecord('into', job, origin);
  const run = { ...newRunRecord('run', job, origin), reason: 'merged' as const };
  expect(recordedOutcome({ ...run, outcome: 'coalesced' }, into)).toMatchObject({ into: 'into' });
  expect(recordedOutcome({ ...run, outcome: 'cancelled' }, into)).toMatchObject({ into: null });
});

it('an outcome of one tick is never "at least"', () => {
  const run = { ...newRunRecord('run', job, origin), countIsAtLeast: true, scheduledUntil: 30 };
  expect(recordedOutcome(run, null)).toMatchObject({ countIsAtLeast: false, scheduledUntil: 30 });
  expect(recordedOutcome({ ...run, count: 2 }, null)).toMatchObject({ countIsAtLeast: true });
});
