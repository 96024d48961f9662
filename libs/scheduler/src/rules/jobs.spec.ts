import { beforeEach, describe, expect, it } from 'vitest';
import { at, KeptJob } from '../../../../test/rules/kept-job.js';
import { readPolicies } from '../model/index.js';
import { every } from '../timing/index.js';
import { adoptJob, editJob, orphanJob, parkJob, pauseJob, removeJob, resumeJob } from './jobs.js';
import { readDefinition } from './replicas/definitions.js';

const PAUSE = { note: null, by: null, until: null };

let kept: KeptJob;
beforeEach(() => {
  kept = new KeptJob();
});

describe('a pause', () => {
  it('lets a waiting run go on, and makes one span of its ticks (O5)', () => {
    kept.add({ retry: 2 });
    kept.complete(kept.claim(10)[0]!, 11, 'failed', { retryAt: at(15) });
    kept.decide(12, (unit) => pauseJob(unit, PAUSE));
    kept.complete(kept.claim(15)[0]!, 16);
    kept.decide(45, (unit) => resumeJob(unit, at(45)));
    expect(kept.history()).toEqual(['succeeded - 10 x1', 'skipped paused 20..40 x3']);
    expect(kept.record).toMatchObject({ state: 'active', nextTickAt: at(50) });
  });
});

describe('an edit', () => {
  it('applies to a run that waits', () => {
    kept.add({ retry: 2 });
    kept.complete(kept.claim(10)[0]!, 11, 'failed', { retryAt: at(15) });
    const policies = readPolicies({ timeout: '5s' });
    kept.decide(12, (unit) => editJob(unit, { handler: 'other', policies }));
    kept.record.dueAt = null;
    kept.claim(15);
    expect(kept.facts.claims[0]).toMatchObject({
      handler: 'other',
      payload: { page: 1 },
      policies: { timeoutMs: 5_000 },
    });
  });

  it('of the trigger begins ticks of its own, and records those that the old one had due', () => {
    kept.add();
    const { generation } = kept.record;
    const trigger = every('7s').bind({ jobId: 'one', anchorAt: at(25) });
    kept.decide(25, (unit) => editJob(unit, { trigger }));
    expect(kept.history()).toEqual(['skipped edited 10..20 x2']);
    expect(kept.record.generation).toBeGreaterThan(generation);
    expect(kept.record).toMatchObject({ lastTickAt: null, runsStarted: 0, nextTickAt: at(32) });
  });
});

describe('removing a job', () => {
  it('ends the runs that wait, and lets runs at work end without it', () => {
    kept.add({ overlap: 'queueAll' });
    const [run] = kept.claim(10);
    kept.claim(20);
    kept.decide(35, (unit) => {
      removeJob(unit);
      expect(unit.removed).toBe(true);
    });
    // The run of tick 20 had been made, so only tick 30 is overdue.
    expect(kept.history()).toEqual(['cancelled removed 30 x1', 'cancelled removed 20 x1']);
    expect(run).toMatchObject({ state: 'running', jobIsGone: true, completesWithJob: true });
  });
});

describe('an orphan', () => {
  it('makes no ticks, and goes on from the beat at which it is declared again, its pause kept (D2)', () => {
    const adopt = (seconds: number) => kept.decide(seconds, adoptJob);
    kept.add();
    kept.decide(5, orphanJob);
    expect(kept.record).toMatchObject({ state: 'orphaned', dueAt: null });
    adopt(33);
    expect(kept.record).toMatchObject({ state: 'active', nextTickAt: at(40) });
    kept.decide(34, (unit) => pauseJob(unit, { ...PAUSE, note: 'why' }));
    kept.decide(35, orphanJob);
    adopt(55);
    expect(kept.record).toMatchObject({ state: 'paused', pause: { note: 'why', firstTickAt: at(60) } });
    expect(kept.history()).toEqual([]);
  });
});

it('a record that cannot be read is parked, and its waiting runs have their outcome (D5)', () => {
  kept.add({ overlap: 'queueAll' });
  kept.claim(10);
  kept.claim(20);
  const { trigger, unreadable } = readDefinition('{"type":', '{}');
  kept.record.trigger = trigger;
  kept.unreadable = unreadable;
  kept.claim(30);
  expect(kept.record).toMatchObject({ state: 'parked', dueAt: null });
  expect(kept.record.parkedBecause).toContain('JSON');
  expect(kept.history()).toEqual(['missed parked 30 x1', 'missed parked 20 x1']);
  expect(kept.complete(kept.runs[0]!, 31)).toBe('recorded');
});

it('an edit that mends a job parked in a pause leaves it paused, as before', () => {
  kept.add();
  kept.decide(1, (unit) => pauseJob(unit, { ...PAUSE, note: 'why', until: at(25) }));
  kept.decide(2, (unit) => parkJob(unit, new Error('no such zone')));
  expect(kept.record).toMatchObject({ state: 'parked', dueAt: null });
  const trigger = every('10s').bind({ jobId: 'one', anchorAt: at(0) });
  kept.decide(3, (unit) => editJob(unit, { trigger }));
  expect(kept.record).toMatchObject({
    state: 'paused',
    parkedBecause: null,
    dueAt: at(25),
    pause: { note: 'why', firstTickAt: at(10) },
  });
  kept.claim(25);
  expect(kept.record).toMatchObject({ state: 'active', nextTickAt: at(30) });
  expect(kept.history()).toEqual(['skipped paused 10..20 x2']);
});
