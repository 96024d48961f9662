import { beforeEach, describe, expect, it } from 'vitest';
import { at, KeptJob, NO_SLOTS, START } from '../../../../test/rules/kept-job.js';
import { every } from '../timing/index.js';
import { takeDue } from './claim.js';

let kept: KeptJob;
beforeEach(() => {
  kept = new KeptJob();
});

describe('a claim', () => {
  it('begins the run of a due tick, with a lease and a token, and schedules the next tick', () => {
    const [run] = kept.add().claim(10);
    expect(run).toMatchObject({ state: 'running', attempt: 1, token: 1, holder: 'a', leaseUntil: at(40) });
    expect(kept.record).toMatchObject({
      nextTickAt: at(20),
      dueAt: at(20),
      lastTickAt: at(10),
      runsStarted: 1,
    });
    expect(kept.facts.claims[0]).toMatchObject({ payload: { page: 1 }, scheduledAt: at(10), dueAt: at(10) });
  });

  it('never takes a tick at or before the last one, whatever the record says', () => {
    kept.add().claim(10);
    kept.complete(kept.runs[0]!, 11);
    kept.record.nextTickAt = at(10);
    kept.record.dueAt = at(10);
    expect(kept.claim(12)).toEqual([]);
    expect(kept.record.nextTickAt).toBe(at(20));
    expect(kept.history()).toEqual(['succeeded - 10 x1']);
  });

  it('leaves ticks due when no slot is free, but records those that would not run anyway', () => {
    kept.add();
    expect(kept.claim(10, NO_SLOTS)).toEqual([]);
    expect(kept.record.dueAt).toBe(at(10));
    kept.claim(10);
    kept.claim(20, NO_SLOTS);
    expect(kept.history()).toEqual(['skipped overlap 20 x1']);
  });

  it('takes a tick once its jitter is over, and keeps the planned instant', () => {
    kept.add({}, every('10s', { jitter: '8s' }));
    const dueAt = kept.record.dueAt!;
    expect(dueAt - kept.record.nextTickAt!).toBeGreaterThan(0);
    expect(kept.claim((dueAt - START) / 1_000 - 0.001)).toEqual([]);
    const [run] = kept.claim((dueAt - START) / 1_000);
    expect(run).toMatchObject({ scheduledAt: at(10), dueAt, latenessMs: 0 });
  });

  it('finishes the job with the last run that maxRuns allows, counting runs that wait', () => {
    kept.add({ maxRuns: 2, overlap: 'queueAll' });
    kept.claim(10);
    kept.claim(20);
    expect(kept.record.state).toBe('finished');
    expect(kept.facts.changed).toEqual([{ kind: 'finished', jobId: 'one' }]);
    kept.complete(kept.runs[0]!, 25);
    kept.complete(kept.claim(26)[0]!, 27);
    expect(kept.history()).toEqual(['succeeded - 10 x1', 'succeeded - 20 x1']);
  });

  it('leaves a job whose handler this replica lacks, but ends its pause (D5)', () => {
    kept.add();
    const take = (seconds: number) =>
      kept.decide(seconds, (unit) =>
        takeDue([unit], { replica: 'a', leaseUntil: null, slots: null }, () => false, 10),
      );
    expect(take(10)).toEqual({ more: false, left: false });
    expect(kept.record).toMatchObject({ dueAt: at(10), lastTickAt: null });
    kept.record.state = 'paused';
    kept.record.pause = { note: null, by: null, at: at(10), until: at(15), firstTickAt: at(10) };
    kept.record.dueAt = at(15);
    take(15);
    expect(kept.facts.changed).toEqual([{ kind: 'resumed', jobId: 'one' }]);
    expect(kept.record).toMatchObject({ state: 'active', dueAt: at(20) });
    expect(kept.runs).toEqual([]);
  });

  it('ends a retry that is later than the grace with the last result, and does not attempt it (O3)', () => {
    kept.add({ retry: 2, misfireGrace: '5s', overlap: 'skip' });
    const [run] = kept.claim(10);
    kept.complete(run!, 11, 'failed', { retryAt: at(15) });
    kept.record.dueAt = null;
    expect(kept.claim(21)).toEqual([]);
    expect(kept.history()).toEqual(['failed misfireGrace 10 x1']);
    expect(kept.facts.recorded).toMatchObject([{ outcome: 'failed', lastAttempt: { result: 'failed' } }]);
    expect(kept.record.failuresInRow).toBe(1);
  });

  it('makes up for a lost attempt however late it is', () => {
    kept.add({ misfireGrace: '5s' });
    const [run] = kept.claim(10);
    expect(kept.complete(run!, 11, 'abandoned')).toBe('runsAgain');
    kept.record.dueAt = null;
    expect(kept.claim(60)).toMatchObject([{ id: run!.id, attempt: 2 }]);
  });
});
