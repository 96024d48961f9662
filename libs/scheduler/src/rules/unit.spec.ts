import { describe, expect, it } from 'vitest';
import { KeptJob } from '../../../../test/rules/kept-job.js';

describe('ticks that do not run', () => {
  it('join the span of the ticks before them, and begin another after a run (M2)', () => {
    const kept = new KeptJob().add();
    const [run] = kept.claim(10);
    kept.claim(20);
    kept.claim(30);
    expect(kept.history()).toEqual(['skipped overlap 20..30 x2']);
    kept.complete(run!, 35);
    const [next] = kept.claim(40);
    kept.claim(50);
    kept.complete(next!, 51);
    expect(kept.history()).toEqual([
      'skipped overlap 20..30 x2',
      'succeeded - 10 x1',
      'skipped overlap 50 x1',
      'succeeded - 40 x1',
    ]);
  });
});
