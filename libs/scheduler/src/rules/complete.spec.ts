import { beforeEach, describe, expect, it } from 'vitest';
import { at, KeptJob } from '../../../../test/rules/kept-job.js';
import { every } from '../timing/index.js';
import { completeGone, giveBackRun, recoverGone, recoverRun, releaseSlot } from './complete.js';
import { viewRun } from './views.js';

let kept: KeptJob;
beforeEach(() => {
  kept = new KeptJob();
});

describe('a completion', () => {
  it('lets a retry wait without a slot of its group, and keeps the record of the attempt', () => {
    kept.add({ retry: 2, group: 'few' });
    const [run] = kept.claim(10);
    expect(run!.group).toBe('few');
    expect(kept.complete(run!, 11, 'failed', { retryAt: at(15) })).toBe('recorded');
    expect(run).toMatchObject({ state: 'waiting', holdsSlot: false, holder: null, group: null });
    expect(kept.runs).toEqual([run]);
    expect(kept.claim(15)[0]).toMatchObject({ attempt: 2, token: 2 });
    kept.complete(run!, 16);
    expect(viewRun(run!, null, []).attempts.map(({ result }) => result)).toEqual(['failed', 'succeeded']);
  });

  it('pauses the job after one failed run too many, and a success forgets those before (O4)', () => {
    kept.add({ pauseAfterFailures: 2 });
    kept.complete(kept.claim(10)[0]!, 11, 'failed');
    const [second] = kept.claim(20);
    expect(second!.completesWithJob).toBe(true);
    kept.complete(second!, 21);
    expect(kept.record.failuresInRow).toBe(0);
    kept.complete(kept.claim(30)[0]!, 31, 'failed');
    expect(kept.complete(kept.claim(40)[0]!, 41, 'timedOut')).toBe('pausedJob');
    expect(kept.record).toMatchObject({ state: 'paused', dueAt: null, pause: { firstTickAt: at(50) } });
  });

  it('schedules the next tick of a delay one period after the end, also of an abandoned run (T2)', () => {
    kept.add({ onAbandoned: 'fail' }, every('10s', { mode: 'delay' }));
    kept.complete(kept.claim(10)[0]!, 17);
    expect(kept.record).toMatchObject({ nextTickAt: at(27), awaitsRun: false });
    const [second] = kept.claim(27);
    expect(kept.record.dueAt).toBeNull();
    kept.decide(90, (unit) => recoverRun(unit, second!));
    expect(kept.record.nextTickAt).toBe(at(100));
    expect(kept.facts.recorded).toMatchObject([{ outcome: 'abandoned', reason: 'leaseExpired' }]);
  });

  it('leaves the slot to a handler that has not settled, until it is released (O2)', () => {
    kept.add();
    const [run] = kept.claim(10);
    kept.complete(run!, 12, 'timedOut', { slotHeld: true });
    expect(run).toMatchObject({ state: 'ended', holdsSlot: true, holder: 'a' });
    expect(kept.runs).toEqual([run]);
    kept.claim(20);
    expect(kept.history()).toEqual(['skipped overlap 20 x1']);
    expect(kept.decide(21, (unit) => releaseSlot(unit, run!, at(21)))).toBe('recorded');
    expect(kept.claim(30)).toHaveLength(1);
  });

  it('of a run whose job was removed is never retried, and changes nothing else', () => {
    kept.add({ retry: 3 });
    const [run] = kept.claim(10);
    const result = { kind: 'failed', error: new Error('no') } as const;
    const completion = { claim: {} as never, result, startedAt: at(10), endedAt: at(11), durationMs: 0 };
    expect(completeGone(run!, { ...completion, retryAt: at(15) }, false)).toBe('withoutRetry');
    expect(run).toMatchObject({ state: 'ended', outcome: 'failed', holdsSlot: false });
    expect(kept.record.failuresInRow).toBe(0);
    expect(recoverGone(run!, at(60))).toBeNull();
  });
});

describe('a lost replica', () => {
  it('has its run attempted again, once, with a higher token (L4)', () => {
    kept.add();
    const [run] = kept.claim(10);
    kept.decide(50, (unit) => recoverRun(unit, run!));
    expect(kept.facts.recovered).toEqual([{ jobId: 'one', runId: run!.id, scheduledAt: at(10), attempt: 1 }]);
    kept.record.dueAt = null;
    expect(kept.claim(50, null, 'b')[0]).toMatchObject({
      token: 2,
      attempt: 2,
      holder: 'b',
      lostAttempts: 1,
    });
    kept.decide(99, (unit) => recoverRun(unit, run!));
    expect(run).toMatchObject({ state: 'ended', outcome: 'abandoned', reason: 'leaseExpired' });
  });

  it('has a run that was to be cancelled ended as cancelled', () => {
    kept.add({ overlap: 'cancelPrevious' });
    const [run] = kept.claim(10);
    kept.claim(20);
    kept.decide(60, (unit) => recoverRun(unit, run!));
    expect(run).toMatchObject({ outcome: 'cancelled', reason: 'replaced' });
    expect(kept.runs[0]).toMatchObject({ scheduledAt: at(20), state: 'waiting' });
  });

  it('gives up a slot whose run had ended, and records nothing', () => {
    kept.add();
    const [run] = kept.claim(10);
    kept.complete(run!, 12, 'timedOut', { slotHeld: true });
    kept.decide(60, (unit) => recoverRun(unit, run!));
    expect(run).toMatchObject({ outcome: 'timedOut', holdsSlot: false });
    expect(kept.facts.recorded).toEqual([]);
    expect(kept.runs).toEqual([]);
  });
});

it('a claim that is given back leaves its run as if it had not been claimed', () => {
  kept.add({ maxRuns: 5 });
  const [run] = kept.claim(10);
  kept.decide(11, (unit) => giveBackRun(unit, run!));
  expect(run).toMatchObject({ state: 'waiting', attempt: 0, startedAt: null, holdsSlot: false });
  expect(kept.record.runsStarted).toBe(0);
  expect(kept.claim(12)[0]).toMatchObject({ id: run!.id, attempt: 1, token: 2 });
  expect(kept.record.runsStarted).toBe(1);
});
