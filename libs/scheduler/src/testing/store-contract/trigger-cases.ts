import assert from 'node:assert/strict';
import { readPolicies } from '../../model/index.js';
import { allOf, anyOf, at, calendarInterval, cron, every, except, type Trigger } from '../../timing/index.js';
import { asChanges, asClaims, asRecorded } from './as-text.js';
import { sec, START } from './replica.js';
import type { Cases } from './store-world.js';

/** Each kind of trigger comes back from the store as it went in. */
const KINDS: Readonly<Record<string, () => Trigger>> = {
  cron: () => cron('*/7 * * * * *'),
  'cron in a zone, over a change of offset': () =>
    cron('30 2 * * *', { timezone: 'Europe/Berlin', startAt: new Date('2027-03-26T00:00:00Z') }),
  'cron with H': () => cron('H H * * *'),
  interval: () => every('90s', { startAt: new Date(sec(7)) }),
  'interval that is aligned': () => every('7m', { align: 'epoch' }),
  calendarInterval: () => calendarInterval({ months: 1, at: '08:00', timezone: 'America/New_York' }),
  anyOf: () => anyOf(every('40s'), cron('5 * * * * *'), at(new Date(sec(33)))),
  allOf: () => allOf(every('20s'), every('30s')),
  except: () => except(every('10s'), every('30s')),
  'except days': () => except(cron('0 9 * * *'), ['2026-06-02', '2026-06-04']),
};

/** Each kind of trigger has its ticks and its end (T1 to T7). */
export const triggerCases: Cases = {
  ...Object.fromEntries(
    Object.entries(KINDS).map(([kind, trigger]): [string, Cases[string]] => [
      `${kind}: its ticks are the ones that are claimed`,
      async (world) => {
        const a = await world.replica();
        await a.put('one', { trigger: trigger() });
        const bound = a.spec('one', { trigger: trigger() }).trigger;
        let wantedAt = bound.firstAt(START);
        for (let i = 0; i < 5; i++) {
          assert.deepEqual((await a.job('one')).nextDueAt?.getTime(), wantedAt);
          const claim = await a.claimOne(wantedAt!);
          assert.equal(claim.scheduledAt, wantedAt);
          await a.succeed(claim, wantedAt! + 1);
          wantedAt = bound.nextAt(wantedAt!);
        }
      },
    ]),
  ),

  'a date is due once': async (world) => {
    const a = await world.replica();
    await a.put('one', { trigger: at(new Date(sec(10))) });
    const { claims, changed } = await a.claim(sec(10));
    assert.deepEqual([asClaims(claims), asChanges(changed)], [['one 12:00:10'], ['finished one']]);
    await a.succeed(claims[0]!, sec(11));
    assert.deepEqual((await a.claim(sec(1_000_000))).claims, []);
    assert.deepEqual([(await a.job('one')).state, await a.store.earliestDueAt()], ['finished', null]);
  },

  'runOnStart: the first tick is the anchor': async (world) => {
    const a = await world.replica();
    await a.put('one', { trigger: every('10s', { runOnStart: true }) });
    await a.succeed(await a.claimOne(START), START + 5);
    assert.deepEqual(await a.ledger('one'), ['succeeded 12:00:00']);
    assert.deepEqual((await a.job('one')).nextDueAt, new Date(sec(10)));
  },

  'delay: the next tick comes one period after the run has ended': async (world) => {
    const a = await world.replica();
    await a.put('one', { trigger: every('10s', { mode: 'delay' }) });
    const first = await a.claimOne(sec(11));
    assert.equal((await a.job('one')).nextDueAt, null);
    assert.deepEqual((await a.claim(sec(100))).claims, []);
    await a.succeed(first, sec(103));
    assert.deepEqual((await a.job('one')).nextDueAt, new Date(sec(113)));
    assert.equal(await a.store.earliestDueAt(), sec(113));
    assert.deepEqual(asClaims((await a.claim(sec(113))).claims), ['one 12:01:53']);
  },

  'delay: a retry belongs to the run': async (world) => {
    const a = await world.replica();
    await a.put('one', { trigger: every('10s', { mode: 'delay' }), retry: 2 });
    await a.fail(await a.claimOne(sec(10)), sec(12), sec(20));
    assert.equal((await a.job('one')).nextDueAt, null);
    await a.succeed(await a.claimOne(sec(20)), sec(21));
    assert.deepEqual((await a.job('one')).nextDueAt, new Date(sec(31)));
  },

  'delay: a tick that is missed is followed by the next': async (world) => {
    const a = await world.replica();
    await a.put('one', { trigger: every('10s', { mode: 'delay' }), misfireGrace: '2s' });
    const { recorded } = await a.claim(sec(15));
    assert.deepEqual(asRecorded(recorded), ['one missed misfireGrace 12:00:10']);
    assert.deepEqual((await a.job('one')).nextDueAt, new Date(sec(25)));
  },

  'delay: paused while it runs, it goes on after the pause': async (world) => {
    const a = await world.replica();
    await a.put('one', { trigger: every('10s', { mode: 'delay' }) });
    const first = await a.claimOne(sec(10));
    await a.pause('one', sec(11));
    await a.succeed(first, sec(12));
    const { job, recorded } = await a.resume('one', sec(40));
    assert.deepEqual(asRecorded(recorded), ['one skipped paused 12:00:22']);
    assert.deepEqual(job.nextDueAt, new Date(sec(50)));
  },

  'jitter: due is the tick and its delay, and the tick stays what it was': async (world) => {
    const a = await world.replica();
    const trigger = every('10s', { jitter: '8s' });
    await a.put('one', { trigger });
    const delayMs = a.spec('one', { trigger }).trigger.delayAt(sec(10));
    assert.ok(delayMs > 0, 'this job and tick have a delay');
    assert.deepEqual((await a.job('one')).nextDueAt, new Date(sec(10) + delayMs));
    assert.equal(await a.store.earliestDueAt(), sec(10) + delayMs);
    assert.deepEqual((await a.claim(sec(10) + delayMs - 1)).claims, []);
    const claim = await a.claimOne(sec(10) + delayMs);
    assert.deepEqual([claim.scheduledAt, claim.dueAt], [sec(10), sec(10) + delayMs]);
    assert.equal((await a.run('one')).latenessMs, 0);
  },

  'jitter: a pause while the tick is delayed skips it': async (world) => {
    const a = await world.replica();
    const trigger = every('10s', { jitter: '8s' });
    await a.put('one', { trigger });
    await a.pause('one', sec(10));
    const { recorded, job } = await a.resume('one', sec(19));
    assert.deepEqual(asRecorded(recorded), ['one skipped paused 12:00:10']);
    const delayMs = a.spec('one', { trigger }).trigger.delayAt(sec(20));
    assert.deepEqual(job.nextDueAt, new Date(sec(20) + delayMs));
  },

  'maxRuns: the job is finished with its last run': async (world) => {
    const a = await world.replica();
    await a.put('one', { maxRuns: 2 });
    const first = await a.claimOne(sec(10));
    await a.claim(sec(20));
    await a.succeed(first, sec(25));
    const { claims, changed } = await a.claim(sec(30));
    assert.deepEqual([asClaims(claims), asChanges(changed)], [['one 12:00:30'], ['finished one']]);
    assert.deepEqual((await a.claim(sec(60))).claims, []);
    const job = await a.job('one');
    assert.deepEqual([job.state, job.runsStarted], ['finished', 2]);
    assert.deepEqual(await a.ledger('one'), [
      'succeeded 12:00:10',
      'skipped overlap 12:00:20',
      'running 12:00:30',
    ]);
  },

  'maxRuns: runs by hand do not count': async (world) => {
    const a = await world.replica();
    await a.put('one', { maxRuns: 1 });
    await a.request('one', sec(1));
    await a.succeed(await a.claimOne(sec(1)), sec(2));
    assert.deepEqual(asClaims((await a.claim(sec(10))).claims), ['one 12:00:10']);
  },

  'maxRuns: what is queued counts already': async (world) => {
    const a = await world.replica();
    await a.put('one', { maxRuns: 2, overlap: 'queueAll' });
    const first = await a.claimOne(sec(10));
    const { changed } = await a.claim(sec(20));
    assert.deepEqual(asChanges(changed), ['finished one']);
    await a.succeed(first, sec(21));
    await a.succeed(await a.claimOne(sec(21)), sec(22));
    assert.deepEqual((await a.claim(sec(90))).claims, []);
    assert.deepEqual(await a.ledger('one'), ['succeeded 12:00:10', 'succeeded 12:00:20']);
  },

  'maxRuns: lowered it ends the job, and raised again it goes on': async (world) => {
    const a = await world.replica();
    await a.put('one', { maxRuns: 5 });
    await a.succeed(await a.claimOne(sec(10)), sec(11));
    const edit = (maxRuns: number) =>
      ({ kind: 'edit', edit: { policies: readPolicies({ maxRuns }) } }) as const;
    const ended = await a.change('one', edit(1), sec(25));
    assert.deepEqual([ended.job.state, asChanges(ended.changed)], ['finished', ['finished one']]);
    assert.deepEqual(asRecorded(ended.recorded), ['one skipped edited 12:00:20']);
    const raised = await a.change('one', edit(3), sec(45));
    assert.deepEqual([raised.job.state, raised.job.nextDueAt], ['active', new Date(sec(50))]);
  },
};
