import { beforeEach, describe, expect, it } from 'vitest';
import { at, KeptJob } from '../../../../test/rules/kept-job.js';
import { backfillRuns, requestRun } from './request.js';

let kept: KeptJob;
beforeEach(() => {
  kept = new KeptJob();
});

it('a run by hand is subject to overlap', () => {
  kept.add();
  kept.claim(10);
  expect(kept.decide(11, (unit) => requestRun(unit, { page: 1 }))).toMatchObject({ outcome: 'skipped' });
  kept.complete(kept.runs[0]!, 12);
  expect(kept.decide(13, (unit) => requestRun(unit, { page: 2 }))).toMatchObject({ state: 'waiting' });
  expect(kept.claim(13)[0]!.payload).toEqual({ page: 2 });
});

describe('backfilled runs', () => {
  const request = { jobId: 'one', fromAt: at(10), toAt: at(30), force: false, dryRun: false, most: 9 };

  it('go one after the other, beside no other run, and no newer run replaces them', () => {
    kept.add({ overlap: 'cancelPrevious' });
    kept.record.dueAt = null;
    const made = kept.decide(35, (unit) =>
      backfillRuns(unit, { ...request, now: at(35) }, new Set([at(20)])),
    );
    expect(made).toEqual({ count: 2, leftOut: 1, tooMany: false });
    const [first] = kept.claim(35);
    expect(first).toMatchObject({ standsForAt: at(10), scheduledAt: null });
    expect(kept.claim(36)).toEqual([]);
    kept.decide(37, (unit) => requestRun(unit, undefined));
    expect(first!.isReplaced).toBe(false);
    kept.complete(first!, 38);
    expect(kept.claim(38)[0]).toMatchObject({ standsForAt: at(30) });
  });

  it('are counted by a dry run, and made only if they are not too many', () => {
    kept.add();
    const backfill = (change: object) =>
      kept.decide(35, (unit) => backfillRuns(unit, { ...request, now: at(35), ...change }, new Set()));
    expect(backfill({ dryRun: true })).toEqual({ count: 3, leftOut: 0, tooMany: false });
    expect(backfill({ most: 2 })).toMatchObject({ tooMany: true });
    expect(kept.runs).toEqual([]);
  });
});
