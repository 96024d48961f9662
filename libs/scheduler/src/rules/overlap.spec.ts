import { beforeEach, describe, expect, it } from 'vitest';
import { at, KeptJob } from '../../../../test/rules/kept-job.js';

let kept: KeptJob;
beforeEach(() => {
  kept = new KeptJob();
});

describe('overlap', () => {
  it('queueOne keeps the newest run, which starts when the one before has ended', () => {
    kept.add({ overlap: 'queueOne' });
    const [first] = kept.claim(10);
    expect(first!.completesWithJob).toBe(false);
    kept.claim(20);
    expect(first!.completesWithJob).toBe(true);
    kept.claim(30);
    expect(kept.history()).toEqual(['coalesced merged 20 x1']);
    kept.complete(first!, 31);
    const [next] = kept.claim(31);
    expect(next).toMatchObject({ scheduledAt: at(30), coalesced: 1, completesWithJob: false });
  });

  it('cancelPrevious marks the run at work on any replica, and starts when it has ended', () => {
    kept.add({ overlap: 'cancelPrevious', retry: 3 });
    const [first] = kept.claim(10, null, 'b');
    kept.claim(20);
    expect(first).toMatchObject({ isReplaced: true, completesWithJob: true, state: 'running' });
    expect(kept.facts.replaced).toEqual([first]);
    expect(kept.complete(first!, 21, 'failed', { retryAt: at(25) })).toBe('withoutRetry');
    expect(kept.claim(21)[0]).toMatchObject({ scheduledAt: at(20) });
  });

  it('cancelPrevious ends a run that waits for its retry, and starts the new run at once', () => {
    kept.add({ overlap: 'cancelPrevious', retry: 3 });
    kept.complete(kept.claim(10)[0]!, 11, 'failed', { retryAt: at(25) });
    expect(kept.claim(20)[0]).toMatchObject({ scheduledAt: at(20) });
    expect(kept.history()).toEqual(['cancelled replaced 10 x1']);
  });
});
