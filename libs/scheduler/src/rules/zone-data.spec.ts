import { describe, expect, it } from 'vitest';
import { at, KeptJob } from '../../../../test/rules/kept-job.js';

describe('time zone data', () => {
  it('that are newer compute the next tick anew (Z5)', () => {
    const kept = new KeptJob().add();
    kept.record.nextTickAt = at(13);
    kept.record.dueAt = at(13);
    kept.decide(1, () => undefined, '2026b');
    expect(kept.record).toMatchObject({ nextTickAt: at(10), dueAt: at(10), zoneVersion: '2026b' });
  });

  it('that are older never compute a scheduled tick anew', () => {
    const kept = new KeptJob().add();
    kept.record.nextTickAt = at(13);
    kept.record.dueAt = at(13);
    for (const older of ['2025c', 'unknown', '']) kept.decide(1, () => undefined, older);
    expect(kept.record).toMatchObject({ nextTickAt: at(13), dueAt: at(13), zoneVersion: '2026a' });
  });

  it('that are older mark a tick which they schedule, so that newer data compute it anew', () => {
    const kept = new KeptJob().add();
    kept.claim(10, null, 'a', '2025c');
    expect(kept.record).toMatchObject({ nextTickAt: at(20), zoneVersion: '2025c' });
    kept.record.nextTickAt = at(23);
    kept.decide(11, () => undefined);
    expect(kept.record).toMatchObject({ nextTickAt: at(20), zoneVersion: '2026a' });
  });
});
