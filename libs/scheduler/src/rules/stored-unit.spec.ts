import { describe, expect, it } from 'vitest';
import { at, KeptJob } from '../../../../test/rules/kept-job.js';
import { pauseJob } from './jobs.js';

describe('a stored unit', () => {
  it('collects a run that was made as made only, whatever changes it afterwards', () => {
    const kept = new KeptJob().add();
    const [run] = kept.claim(10);
    expect([...kept.changes.made]).toEqual([run]);
    expect([...kept.changes.touched]).toEqual([]);
    kept.complete(run!, 11);
    expect([...kept.changes.made]).toEqual([]);
    expect([...kept.changes.touched]).toEqual([run]);
  });

  it('collects a span that was loaded as lengthened, which is not written as a run', () => {
    const kept = new KeptJob().add();
    kept.claim(10);
    kept.claim(20);
    const { span } = kept.record;
    expect(kept.changes.made.has(span as never)).toBe(true);
    kept.claim(30);
    expect([...kept.changes.lengthened]).toEqual([span]);
    expect([...kept.changes.made, ...kept.changes.touched]).toEqual([]);
    expect(span).toMatchObject({ count: 2, scheduledUntil: at(30), endedAt: at(30) });
  });

  it('keeps the record as it was loaded, to be compared with', () => {
    const kept = new KeptJob().add();
    kept.decide(5, (unit) => {
      pauseJob(unit, { note: null, by: null, until: null });
      expect(unit.before).toMatchObject({ state: 'active', version: 1, pause: null });
      expect(unit.job).toMatchObject({ state: 'paused', version: 2 });
    });
  });
});
