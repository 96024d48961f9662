import { describe, expect, it } from 'vitest';
import { LiveRuns } from './live-runs.js';
import { newRunRecord, type RunRecord } from './records.js';

function liveRuns(...changes: Partial<RunRecord>[]): LiveRuns {
  const runs = new LiveRuns();
  changes.forEach((change, index) => {
    const origin = { scheduledAt: index, standsForAt: null, dueAt: index, payload: undefined };
    runs.list.push({ ...newRunRecord(`run ${index}`, { id: 'one', generation: 1 }, origin), ...change });
  });
  return runs;
}

describe('live runs', () => {
  it('count as active unless they are queued, also when they have ended and hold a slot', () => {
    const runs = liveRuns({ state: 'running' }, { state: 'queued' }, { state: 'ended', holdsSlot: true }, {});
    expect([runs.alive, runs.active]).toEqual([4, 3]);
  });

  it('count runs that were not loaded as alive and queued, and as unstarted if ticks made them', () => {
    const runs = liveRuns({ state: 'running', attempt: 1 });
    expect(runs.hasQueued).toBe(false);
    runs.further = 5;
    runs.furtherTicks = 2;
    expect([runs.alive, runs.active, runs.unstartedTicks, runs.hasQueued]).toEqual([6, 1, 2, true]);
  });

  it('count ticks as unstarted until their first attempt begins, and runs by hand never', () => {
    const runs = liveRuns({ state: 'queued' }, {}, { attempt: 1 }, { scheduledAt: null });
    expect(runs.unstartedTicks).toBe(2);
  });

  it('catch up while a run that makes up for the past is running or waiting, not while it is queued', () => {
    expect(liveRuns({ catchesUp: true, state: 'queued' }, {}).isCatchingUp).toBe(false);
    expect(liveRuns({ catchesUp: true, state: 'waiting' }).isCatchingUp).toBe(true);
  });
});
