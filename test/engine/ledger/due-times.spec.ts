import { expect, it } from 'vitest';
import { DueTimes } from './due-times.js';
import type { TriggerPlan } from './plans.js';

const everyMs = (ms: number): TriggerPlan => ({
  json: { type: 'interval', everyMs: ms, startAt: '1970-01-01T00:00:00.000Z' },
  whenSetBack: 'goesOn',
});

it('reads a row that two triggers might have made as the one of the trigger that was in force', () => {
  const due = new DueTimes('job', false);
  const fixed = (expression: string): TriggerPlan => ({
    json: { type: 'cron', expression, timezone: 'UTC' },
    whenSetBack: 'goesOn',
  });
  due.begin(fixed('10,13,16,19 * * * * *'), 5_000, [], true);
  due.begin(fixed('10,14,15,19 * * * * *'), 20_000, [], true);
  expect(due.inSpan(10_000, 19_000, 4)).toEqual([10_000, 13_000, 16_000, 19_000]);
  expect(due.inSpan(70_000, 79_000, 4)).toEqual([70_000, 74_000, 75_000, 79_000]);
  due.begin(everyMs(1_000), 80_000, [], true);
  expect(due.inSpan(81_000, 83_000, 4)).toBeNull();
});
