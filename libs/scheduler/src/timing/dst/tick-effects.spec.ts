import { describe, expect, it } from 'vitest';
import { cron, type CronOptions } from '../index.js';

const GAP = '2027-03-28T01:00:00.000Z';
const OVERLAP = '2027-10-31T01:00:00.000Z';

/** `wall time+offset kind count (first..last)` for each tick in Berlin. */
function shown(expression: string, count: number, from: string, options: CronOptions = {}): string[] {
  const trigger = cron(expression, { timezone: 'Europe/Berlin', ...options });
  return trigger.preview(count, new Date(from)).map(({ wallTime, offset, effects }) => {
    const described = effects.map((effect) => {
      expect([GAP, OVERLAP]).toContain(effect.changeAt.toISOString());
      expect(effect.changeMinutes).toBe(effect.changeAt.toISOString() === GAP ? 60 : -60);
      return ` ${effect.kind} ${effect.count} (${effect.firstWallTime.slice(11)}..${effect.lastWallTime.slice(11)})`;
    });
    return `${wallTime.slice(8)}${offset}${described.join('')}`;
  });
}

describe('preview across the gap of 28 March 2027 in Berlin', () => {
  it('marks a fixed time that was moved', () => {
    expect(shown('30 2 * * *', 3, '2027-03-27T00:00:00Z')).toEqual([
      '27T02:30:00+01:00',
      '28T03:00:00+02:00 moved 1 (02:30:00..02:30:00)',
      '29T02:30:00+02:00',
    ]);
  });

  it('marks times that fell together with a regular one', () => {
    expect(shown('0,20 2,3 * * *', 2, '2027-03-28T00:00:00Z')).toEqual([
      '28T03:00:00+02:00 merged 2 (02:00:00..02:20:00)',
      '28T03:20:00+02:00',
    ]);
  });

  it('marks what was left out, at the next tick', () => {
    expect(shown('*/20 * * * *', 2, '2027-03-28T00:40:00Z')).toEqual([
      '28T03:00:00+02:00 skipped 3 (02:00:00..02:40:00)',
      '28T03:20:00+02:00',
    ]);
    expect(shown('30 2 * * *', 2, '2027-03-27T02:00:00Z', { onGap: 'skip' })).toEqual([
      '29T02:30:00+02:00 skipped 1 (02:30:00..02:30:00)',
      '30T02:30:00+02:00',
    ]);
  });

  it('makes up for an all-day expression when asked to', () => {
    expect(shown('30 * * * *', 2, '2027-03-28T00:30:00Z', { onGap: 'run' })).toEqual([
      '28T03:00:00+02:00 moved 1 (02:30:00..02:30:00)',
      '28T03:30:00+02:00',
    ]);
  });
});

describe('preview across the overlap of 31 October 2027 in Berlin', () => {
  it('marks the second pass', () => {
    expect(shown('30 * * * *', 3, '2027-10-31T00:00:00Z')).toEqual([
      '31T02:30:00+02:00',
      '31T02:30:00+01:00 repeated 1 (02:30:00..02:30:00)',
      '31T03:30:00+01:00',
    ]);
  });

  it('tells at the next tick that a fixed time was not repeated', () => {
    expect(shown('30 2 * * *', 2, '2027-10-31T00:00:00Z')).toEqual([
      '31T02:30:00+02:00',
      '01T02:30:00+01:00 skipped 1 (02:30:00..02:30:00)',
    ]);
  });

  it('repeats a fixed time when asked to', () => {
    expect(shown('30 2 * * *', 2, '2027-10-31T00:00:00Z', { onRepeat: 'both' })).toEqual([
      '31T02:30:00+02:00',
      '31T02:30:00+01:00 repeated 1 (02:30:00..02:30:00)',
    ]);
  });
});

describe('preview elsewhere', () => {
  it('does not make up for a day that Samoa left out', () => {
    const ticks = cron('0 9 * * *', { timezone: 'Pacific/Apia' }).preview(
      2,
      new Date('2011-12-29T12:00:00Z'),
    );
    expect(ticks.map(({ wallTime }) => wallTime)).toEqual(['2011-12-29T09:00:00', '2011-12-31T09:00:00']);
    expect(ticks[1]!.effects).toMatchObject([
      { kind: 'skipped', changeMinutes: 1440, count: 1, firstWallTime: '2011-12-30T09:00:00' },
    ]);
  });

  it('gives exactly as many as were asked for, or as there are, at the instants of next()', () => {
    const trigger = cron('*/7 * * * *', { timezone: 'Europe/Berlin', endAt: '2027-01-01T01:00:00Z' });
    const from = new Date('2027-01-01T00:00:00Z');
    const ticks = trigger.preview(5, from);
    let at: Date | null = from;
    for (const tick of ticks) {
      at = trigger.next(at!);
      expect(tick.at).toEqual(at);
    }
    expect(ticks).toHaveLength(5);
    expect(trigger.preview(100, from)).toHaveLength(9);
  });
});
