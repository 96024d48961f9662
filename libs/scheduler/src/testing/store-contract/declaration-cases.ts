import assert from 'node:assert/strict';
import { every } from '../../timing/index.js';
import { asChanges, asClaims } from './as-text.js';
import { type Replica, sec, START } from './replica.js';
import type { Cases } from './store-world.js';

const OLD = { trigger: every('1h'), payload: 'old' } as const;
const NEW = { trigger: every('1h'), payload: 'new' } as const;

/** An instant at which a replica that beat at `now` counts as gone. */
function gone(a: Replica, now: number): number {
  return now + 2 * a.leased.leaseMs;
}

/** Two versions of the code side by side, and after each other (D2). */
export const declarationCases: Cases = {
  'declared again alike, a job keeps its next due instant, edits and pauses': async (world) => {
    const a = await world.replica();
    assert.equal((await a.declare('one', OLD, START)).change, 'created');
    await a.change('one', { kind: 'edit', edit: { payload: 'edited' } }, sec(1));
    await a.pause('one', sec(2));
    const b = await world.restart(a, sec(3));
    const put = await b.declare('one', { ...OLD, anchorAt: sec(600) }, sec(600));
    assert.deepEqual([put.change, put.job.payload, put.job.state], ['same', 'edited', 'paused']);
    const { job } = await b.resume('one', sec(601));
    assert.deepEqual(job.nextDueAt, new Date(sec(3_600)));
  },

  'starting more often than the period does not stop a job': async (world) => {
    let a = await world.replica();
    await a.declare('one', OLD, START);
    for (let minutes = 10; minutes < 60; minutes += 10) {
      a = await world.restart(a, sec(60 * minutes), { name: `at ${minutes}` });
      await a.declare('one', { ...OLD, anchorAt: sec(60 * minutes) }, sec(60 * minutes));
      await a.leased.beat(sec(60 * minutes));
    }
    assert.deepEqual(asClaims((await a.claim(sec(3_600))).claims), ['one 13:00:00']);
  },

  'overdue ticks of an equal declaration are late, not lost': async (world) => {
    const a = await world.replica();
    await a.declare('one', OLD, START);
    const b = await world.restart(a, sec(1));
    await b.declare('one', { ...OLD, anchorAt: sec(4_000) }, sec(4_000));
    await b.leased.beat(sec(4_000));
    assert.deepEqual(asClaims((await b.claim(sec(4_001))).claims), ['one 13:00:00']);
  },

  'a changed declaration wins over edits and pauses': async (world) => {
    const a = await world.replica();
    await a.declare('one', OLD, START);
    await a.leased.beat(START);
    await a.change('one', { kind: 'edit', edit: { payload: 'edited' } }, sec(1));
    await a.pause('one', sec(2));
    const later = gone(a, sec(3));
    const b = await world.restart(a, sec(3));
    const put = await b.declare('one', NEW, later);
    assert.deepEqual([put.change, put.job.payload, put.job.state], ['changed', 'new', 'active']);
    assert.deepEqual(put.job.nextDueAt, new Date(sec(3_600)), 'the trigger is the same');
  },

  'while a live replica declares a job otherwise, it stays': async (world) => {
    const [a, b] = await world.two();
    await a.declare('one', OLD, START);
    await a.leased.beat(sec(1));
    assert.equal((await b.declare('one', NEW, sec(2))).change, 'kept');
    assert.deepEqual((await b.leased.beat(sec(3))).changed, []);
    assert.equal((await b.job('one')).payload, 'old');
  },

  'and is changed by the beat once that replica is gone': async (world) => {
    const [a, b] = await world.two();
    await a.declare('one', OLD, START);
    await a.leased.beat(sec(1));
    await b.declare('one', NEW, sec(2));
    await b.leased.beat(sec(2));
    const later = gone(a, sec(1));
    assert.deepEqual(asChanges((await b.leased.beat(later)).changed), ['edited one']);
    assert.equal((await b.job('one')).payload, 'new');
    assert.deepEqual((await b.leased.beat(later + 1)).changed, []);
  },

  'a job that no live replica declares is an orphan, and does not run': async (world) => {
    const [a, b] = await world.two();
    await a.declare('one', OLD, START);
    await a.leased.beat(sec(1));
    await b.declare('two', OLD, START);
    assert.deepEqual((await b.leased.beat(sec(2))).changed, [], 'its replica lives');
    const later = gone(a, sec(1));
    assert.deepEqual(asChanges((await b.leased.beat(later)).changed), ['orphaned one']);
    assert.equal((await b.job('one')).state, 'orphaned');
    assert.deepEqual((await b.leased.beat(later + 1)).changed, []);
    assert.deepEqual(asClaims((await b.claim(sec(3_600))).claims), ['two 13:00:00']);
  },

  'a job that is declared cannot be removed, an orphan can': async (world) => {
    const [a, b] = await world.two();
    await a.declare('one', OLD, START);
    await a.leased.beat(sec(1));
    await assert.rejects(async () => a.remove('one', sec(2)), { code: 'JOB_IS_DECLARED' });
    assert.equal((await a.job('one')).state, 'active');
    const later = gone(a, sec(1));
    await b.leased.beat(later);
    await b.remove('one', later + 1);
    assert.equal(await b.store.getJob('one'), null);
  },

  'an orphan that is declared again goes on from then': async (world) => {
    const [a, b] = await world.two();
    await a.declare('one', OLD, START);
    await a.leased.beat(sec(1));
    await b.leased.beat(gone(a, sec(1)));
    assert.equal((await b.job('one')).state, 'orphaned');
    const put = await b.declare('one', { ...OLD, anchorAt: sec(9_000) }, sec(9_000));
    assert.equal(put.job.state, 'active');
    assert.deepEqual(put.job.nextDueAt, new Date(sec(10_800)));
    assert.deepEqual((await b.leased.beat(sec(9_001))).changed, []);
    assert.equal((await b.job('one')).state, 'active');
  },

  'a replica that stood still past its lease adopts its orphans again at its next beat': async (world) => {
    const [a, b] = await world.two();
    await a.declare('one', OLD, START);
    await a.leased.beat(sec(1));
    const later = gone(a, sec(1));
    const beat = await b.leased.beat(later);
    assert.deepEqual(asChanges(beat.changed), ['orphaned one']);
    assert.deepEqual(asChanges((await a.leased.beat(later + 1)).changed), ['added one']);
    assert.equal((await b.job('one')).state, 'active');
    assert.deepEqual((await b.leased.beat(later + 2)).changed, []);
    assert.deepEqual((await a.leased.beat(later + 3)).changed, []);
  },

  'overdue ticks of a job that becomes an orphan are cancelled as such': async (world) => {
    const [a, b] = await world.two();
    await a.declare('one', { trigger: every('10s') }, START);
    await a.leased.beat(sec(1));
    const { recorded } = await b.leased.beat(gone(a, sec(1)));
    assert.deepEqual(
      recorded.map(({ outcome, reason }) => [outcome, reason]),
      [['cancelled', 'orphaned']],
    );
  },

  'a replica that stood still leaves the declaration of a newer replica alone': async (world) => {
    const [a, b] = await world.two();
    await a.declare('one', OLD, START);
    await a.leased.beat(sec(1));
    const later = gone(a, sec(1));
    assert.equal((await b.declare('one', NEW, later)).change, 'changed');
    assert.deepEqual((await a.leased.beat(later + 1)).changed, []);
    assert.equal((await a.job('one')).payload, 'new');
    const muchLater = gone(b, later);
    assert.deepEqual(asChanges((await a.leased.beat(muchLater)).changed), ['edited one']);
    assert.equal((await a.job('one')).payload, 'old');
  },

  'a declared job whose record vanished comes back at the next beat': async (world) => {
    const [a, b] = await world.two();
    await a.declare('one', OLD, START);
    await a.put('added', {}, START);
    await a.leased.beat(sec(1));
    // Another replica knows nothing of the declaration, and may remove what it made an added job.
    await b.replace('one', NEW, sec(2));
    await b.remove('one', sec(2));
    await b.remove('added', sec(2));
    assert.deepEqual((await b.leased.beat(sec(3))).changed, [], 'b does not declare it');
    assert.deepEqual(asChanges((await a.leased.beat(sec(4))).changed), ['added one']);
    assert.deepEqual((await b.job('one')).nextDueAt, new Date(sec(3_600)));
    assert.equal(await a.store.getJob('added'), null);
    assert.deepEqual((await a.leased.beat(sec(5))).changed, []);
  },

  'a declared job that addJob replaced stays replaced until the next start': async (world) => {
    const a = await world.replica();
    await a.declare('one', OLD, START);
    await a.replace('one', NEW, sec(1));
    assert.deepEqual((await a.leased.beat(sec(2))).changed, []);
    assert.equal((await a.job('one')).payload, 'new');
  },

  'jobs that were added are nobody’s orphans': async (world) => {
    const [a, b] = await world.two();
    await a.put('one');
    await a.leased.beat(sec(1));
    assert.deepEqual((await b.leased.beat(gone(a, sec(1)))).changed, []);
    assert.equal((await b.job('one')).state, 'active');
  },

  'replicas that declare alike do not disturb each other': async (world) => {
    const [a, b] = await world.two();
    await a.declare('one', OLD, START);
    assert.equal((await b.declare('one', { ...OLD, anchorAt: sec(1) }, sec(1))).change, 'same');
    for (let seconds = 2; seconds < 10; seconds++) {
      assert.deepEqual((await a.leased.beat(sec(seconds))).changed, []);
      assert.deepEqual((await b.leased.beat(sec(seconds))).changed, []);
    }
    assert.equal((await a.job('one')).version, 1);
  },

  'a policy that is a function counts by its text': async (world) => {
    const a = await world.replica();
    const retry = (attempts: number) => ({ attempts, when: (error: unknown) => error !== null });
    await a.declare('one', { ...OLD, retry: retry(2) }, START);
    assert.equal((await a.declare('one', { ...OLD, retry: retry(2) }, sec(1))).change, 'same');
    const other = { attempts: 2, when: (error: unknown) => error === null };
    assert.equal((await a.declare('one', { ...OLD, retry: other }, sec(2))).change, 'changed');
    const { claims } = await a.claim(sec(3_600));
    assert.equal(claims[0]!.policies.retry.when?.(null), true, 'the function is given to claims');
  },
};
