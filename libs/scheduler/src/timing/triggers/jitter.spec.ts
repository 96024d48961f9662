import { describe, expect, it } from 'vitest';
import { calendarInterval, cron, every, except, triggerFromJson, type Trigger } from '../index.js';

const BERLIN = 'Europe/Berlin';

function job(jobId: string) {
  return { jobId, timezone: BERLIN, anchorAt: Date.UTC(2027, 0, 1) };
}

const ALL: [string, Trigger][] = [
  ['every', every('1h', { jitter: '10m' })],
  ['cron', cron('0 * * * *', { jitter: '10m' })],
  ['calendarInterval', calendarInterval({ days: 1, at: '08:00', jitter: '10m' })],
];

function delays(trigger: Trigger, count: number): number[] {
  const found: number[] = [];
  let at = trigger.nextAt(Date.UTC(2027, 0, 1))!;
  for (; found.length < count; at = trigger.nextAt(at)!) found.push(trigger.delayAt(at));
  return found;
}

describe.each(ALL)('jitter of %s', (_name, open) => {
  it('is the same for one job on every machine, and after its JSON was stored', () => {
    const bound = open.bind(job('reports'));
    const elsewhere = triggerFromJson(JSON.parse(JSON.stringify(bound)) as never);
    expect(delays(elsewhere, 50)).toEqual(delays(bound, 50));
  });

  it('differs from job to job and from tick to tick', () => {
    const one = delays(open.bind(job('reports')), 50);
    expect(delays(open.bind(job('mails')), 50)).not.toEqual(one);
    expect(new Set(one).size).toBeGreaterThan(45);
  });

  it('is within the duration, spread over all of it, in whole milliseconds', () => {
    const all = delays(open.bind(job('reports')), 1000);
    expect(all.every((ms) => Number.isInteger(ms) && ms >= 0 && ms <= 600_000)).toBe(true);
    const tenths = Array.from(
      { length: 10 },
      (_, tenth) => all.filter((ms) => Math.floor(ms / 60_001) === tenth).length,
    );
    expect(Math.min(...tenths)).toBeGreaterThan(65);
    expect(Math.max(...tenths)).toBeLessThan(140);
  });

  it('leaves the ticks alone', () => {
    const bound = open.bind(job('reports'));
    const from = new Date(Date.UTC(2027, 0, 1));
    for (const { at, delayMs } of bound.preview(20, from)) {
      expect(bound.nextAt(at.getTime() - 1)).toBe(at.getTime());
      expect(delayMs).toBe(bound.delayAt(at.getTime()));
    }
    expect(bound.preview(20, from).some(({ delayMs }) => delayMs > 0)).toBe(true);
  });
});

describe('jitter', () => {
  it('is pinned, since a release that hashes otherwise would move every job', () => {
    expect(delays(every('1h', { jitter: '10m' }).bind(job('reports')), 3)).toEqual([
      68_951, 126_949, 589_706,
    ]);
  });

  it('stays before the next tick, however long it is', () => {
    const dense = every('1s', { jitter: '1h' }).bind(job('reports'));
    const all = delays(dense, 2000);
    expect(Math.max(...all)).toBeLessThan(1000);
    expect(Math.max(...all)).toBeGreaterThan(900);
    expect(Math.min(...all)).toBeLessThan(100);
  });

  it('has its full length at the last tick', () => {
    const last = at30().map((seed) =>
      cron('0 0 1 1 *', { timezone: 'UTC', jitter: '10s', seed, endAt: '2028-01-01T00:00:00Z' }),
    );
    const found = last.map((trigger) => trigger.delayAt(Date.UTC(2028, 0, 1)));
    expect(Math.max(...found)).toBeGreaterThan(5000);
    expect(Math.max(...found)).toBeLessThanOrEqual(10_000);
  });

  it('takes a seed in the place of the job id, and an empty one while there is neither', () => {
    const seeded = every('1h', { jitter: '10m', seed: 'reports' });
    expect(delays(seeded.bind(job('mails')), 5)).toEqual(
      delays(every('1h', { jitter: '10m' }).bind(job('reports')), 5),
    );
    expect(delays(every('1h', { jitter: '10m' }), 5)).not.toEqual(delays(seeded, 5));
  });

  it('is none where it is left out, or 0', () => {
    for (const trigger of [
      every('1h'),
      every('1h', { jitter: 0 }),
      cron('0 * * * *'),
      cron('0 * * * *', { jitter: '0s' }),
    ]) {
      expect(delays(trigger.bind(job('reports')), 20)).toEqual(Array(20).fill(0));
      expect(trigger.bind(job('reports')).toJSON()).not.toHaveProperty('seed');
    }
  });

  it('is refused in JSON in any other than its own form', () => {
    for (const json of [{ jitter: '5s' }, { jitterMs: -1 }, { jitterMs: '5s' }]) {
      expect(() => triggerFromJson({ type: 'cron', expression: '* * * * *', ...json } as never)).toThrow(
        /jitter/,
      );
    }
  });

  it('keeps the delays of a trigger some of whose ticks are left out', () => {
    const whole = every('1h', { jitter: '10m' }).bind(job('reports'));
    const rest = except(every('1h', { jitter: '10m' }), ['2027-01-02'], { timezone: BERLIN }).bind(
      job('reports'),
    );
    const at = Date.UTC(2027, 0, 1, 5);
    expect(rest.delayAt(at)).toBe(whole.delayAt(at));
    expect(rest.delayAt(at)).toBeGreaterThan(0);
  });
});

function at30(): string[] {
  return Array.from({ length: 30 }, (_, index) => `seed ${index}`);
}
