import { describe, expect, it } from 'vitest';
import { ManualClock } from '@carillon/scheduler/testing';

describe('the manual clock', () => {
  it('fires timers at their time and in order, those that a timer sets included', async () => {
    const clock = new ManualClock('2027-01-01T00:00Z');
    const fired: string[] = [];
    const note = (name: string) => () => fired.push(`${name} ${clock.monotonic()}`);
    clock.setTimer(note('later'), 30);
    clock.setTimer(() => {
      note('first')();
      clock.setTimer(note('set by it'), 5);
    }, 10);
    clock.clearTimer(clock.setTimer(note('cleared'), 10));
    await clock.advanceTo('2027-01-01T00:00:00.030Z');
    expect(fired).toEqual(['first 10', 'set by it 15', 'later 30']);
    expect(clock.pendingTimers).toBe(0);
  });

  it('answers whether there was a timer to fire, and moves only then', () => {
    const clock = new ManualClock('2027-01-01T00:00Z');
    clock.setTimer(() => {}, 20);
    expect(clock.fireNextWithin(19)).toBe(false);
    expect(clock.monotonic()).toBe(0);
    expect(clock.fireNextWithin(20)).toBe(true);
    expect(clock.now()).toBe(Date.parse('2027-01-01T00:00:00.020Z'));
  });

  it('says that time does not go back, and what is no instant', async () => {
    const clock = new ManualClock(new Date('2027-01-01T00:00Z'));
    await expect(clock.advance(-1)).rejects.toMatchObject({ code: 'TIME_TRAVEL' });
    await expect(clock.advance(Number.NaN)).rejects.toMatchObject({ code: 'TIME_TRAVEL' });
    await expect(clock.advanceTo('2026-12-31T23:59Z')).rejects.toThrow('stepWall()');
    await expect(clock.advanceTo('tomorrow')).rejects.toThrow('"instant" is "tomorrow"');
    expect(() => new ManualClock('2027-01-01 00:00')).toThrow('"startAt"');
    expect(clock.monotonic()).toBe(0);
  });
});
