import assert from 'node:assert/strict';
import type { AttemptResult } from '../../model/index.js';
import { at, every } from '../../timing/index.js';
import { asChanges, asClaims, asRecorded } from './as-text.js';
import { sec } from './replica.js';
import type { Cases } from './store-world.js';

/** An attempt completes once, with its result, and the rest follows from that (O3, O4, O7). */
export const completionCases: Cases = {
  'each result is the outcome of its run': async (world) => {
    const a = await world.replica();
    await a.put('one', { onAbandoned: 'fail', overlap: 'allow' });
    const error = new TypeError('wrong');
    const completions: [AttemptResult, string][] = [
      [{ kind: 'succeeded', value: 1 }, 'succeeded 12:00:10'],
      [{ kind: 'failed', error }, 'failed 12:00:20'],
      [{ kind: 'timedOut', error }, 'timedOut 12:00:30'],
      [{ kind: 'cancelled', error }, 'cancelled replaced 12:00:40'],
      [{ kind: 'abandoned', error }, 'abandoned shutdown 12:00:50'],
    ];
    for (const [index, [result]] of completions.entries()) {
      const now = sec(10 * (index + 1));
      assert.equal(await a.end(await a.claimOne(now), result, now + 5), 'recorded', result.kind);
    }
    assert.deepEqual(
      await a.ledger('one'),
      completions.map(([, row]) => row),
    );
    assert.equal((await a.job('one')).alive, 0);
    const [failed] = await a.runs({ outcome: 'failed' });
    assert.deepEqual([failed!.error?.name, failed!.error?.message], ['TypeError', 'wrong']);
    assert.equal(failed!.error!.stack, error.stack);
  },

  'a run that succeeded says what it answered, when, and by which attempt': async (world) => {
    const a = await world.replica();
    await a.put('one');
    await a.succeed(await a.claimOne(sec(10)), sec(12), { sent: 3 });
    const run = await a.run('one');
    assert.deepEqual([run.state, run.endedAt, run.error], ['ended', new Date(sec(12)), null]);
    assert.deepEqual(run.result, { kept: true, value: { sent: 3 } });
    assert.equal(run.attempts.length, 1);
    const { attempt, result, endedAt, error } = run.attempts[0]!;
    assert.deepEqual([attempt, result, endedAt, error], [1, 'succeeded', new Date(sec(12)), null]);
  },

  'what is no JSON, or too long, is not kept as a result': async (world) => {
    const a = await world.replica();
    await a.put('one', { overlap: 'allow' });
    const circle: { self?: object } = {};
    circle.self = circle;
    const values = [undefined, null, circle, 'x'.repeat(5_000), 10n];
    for (const [index, value] of values.entries())
      await a.succeed(await a.claimOne(sec(10 * (index + 1))), sec(10 * (index + 1)) + 1, value);
    const results = (await a.runs({ jobId: 'one' })).toReversed().map(({ result }) => result);
    assert.deepEqual(results, [
      null,
      { kept: true, value: null },
      { kept: false, because: 'notJson' },
      { kept: false, because: 'tooLarge' },
      { kept: false, because: 'notJson' },
    ]);
  },

  'a retry is another attempt of the same run, when it is due': async (world) => {
    const a = await world.replica();
    await a.put('one', { retry: 3 });
    const first = await a.claimOne(sec(10));
    const { runId, token } = first;
    assert.equal(await a.fail(first, sec(11), sec(14)), 'recorded');
    const waiting = await a.run('one');
    assert.deepEqual([waiting.state, waiting.retryAt, waiting.attempt], ['waiting', new Date(sec(14)), 1]);
    assert.deepEqual((await a.claim(sec(14) - 1)).claims, []);
    const second = await a.claimOne(sec(15));
    assert.deepEqual([second.runId, second.attempt, second.dueAt], [runId, 2, sec(14)]);
    assert.equal(second.scheduledAt, sec(10));
    assert.ok(second.token > token, `token ${second.token} after ${token}`);
    await a.succeed(second, sec(16), 'done');
    const run = await a.run('one');
    assert.deepEqual([run.outcome, run.attempt, run.error, run.retryAt], ['succeeded', 2, null, null]);
    assert.deepEqual(
      run.attempts.map(({ attempt, result, error }) => [attempt, result, error?.message ?? null]),
      [
        [1, 'failed', 'no'],
        [2, 'succeeded', null],
      ],
    );
    assert.deepEqual([run.startedAt, run.latenessMs], [new Date(sec(10)), 0]);
  },

  'the last attempt that failed is the outcome': async (world) => {
    const a = await world.replica();
    await a.put('one', { retry: 2 });
    await a.fail(await a.claimOne(sec(10)), sec(11), sec(12));
    await a.fail(await a.claimOne(sec(12)), sec(13));
    const run = await a.run('one');
    assert.deepEqual([run.outcome, run.attempt, run.attempts.length], ['failed', 2, 2]);
    assert.equal((await a.job('one')).failuresInRow, 1);
  },

  'a retry later than the grace is not tried, and the failure is the outcome': async (world) => {
    const a = await world.replica();
    await a.put('one', { retry: 2, misfireGrace: '5s' });
    await a.fail(await a.claimOne(sec(10)), sec(11), sec(12));
    const { claims, recorded } = await a.claim(sec(18));
    assert.deepEqual(claims, []);
    assert.deepEqual(asRecorded(recorded), ['one failed misfireGrace 12:00:10']);
    const run = await a.run('one');
    assert.deepEqual([run.outcome, run.reason, run.attempt], ['failed', 'misfireGrace', 1]);
    assert.equal((await a.job('one')).alive, 0);
  },

  'a recorded outcome of a late retry carries the attempt whose result it is': async (world) => {
    const a = await world.replica();
    await a.put('failed', { trigger: at(new Date(sec(10))), retry: 3, misfireGrace: '5s' });
    await a.put('timedOut', { trigger: at(new Date(sec(20))), retry: 2, misfireGrace: '5s' });
    await a.fail(await a.claimOne(sec(10)), sec(11), sec(12));
    await a.fail(await a.claimOne(sec(12)), sec(13), sec(22));
    const timedOut = { kind: 'timedOut', error: new Error('late') } as const;
    const claim = (await a.claim(sec(20))).claims.find(({ jobId }) => jobId === 'timedOut');
    await a.end(claim!, timedOut, sec(21), { retryAt: sec(22) });
    const { recorded } = await a.claim(sec(30));
    assert.deepEqual(asRecorded(recorded).toSorted(), [
      'failed failed misfireGrace 12:00:10',
      'timedOut timedOut misfireGrace 12:00:20',
    ]);
    for (const { jobId, attempt, lastAttempt, into } of recorded) {
      const { attempts } = await a.run(jobId);
      assert.deepEqual([lastAttempt, attempt, into], [attempts.at(-1), attempts.length, null]);
    }
  },

  'a late retry counts as a failed run, and may pause its job': async (world) => {
    const a = await world.replica();
    await a.put('one', { retry: 2, misfireGrace: '5s', pauseAfterFailures: 1 });
    await a.fail(await a.claimOne(sec(10)), sec(11), sec(12));
    const { recorded, changed } = await a.claim(sec(18));
    assert.deepEqual(asRecorded(recorded), ['one failed misfireGrace 12:00:10']);
    assert.deepEqual(asChanges(changed), ['paused one']);
    assert.equal((await a.job('one')).pause?.by, 'pauseAfterFailures');
  },

  'an attempt ends once': async (world) => {
    const a = await world.replica();
    await a.put('one');
    const claim = await a.claimOne(sec(10));
    assert.equal(await a.succeed(claim, sec(11), 'first'), 'recorded');
    assert.equal(await a.fail(claim, sec(12)), 'refused');
    const run = await a.run('one');
    assert.deepEqual([run.outcome, run.endedAt], ['succeeded', new Date(sec(11))]);
    assert.deepEqual([(await a.job('one')).failuresInRow, (await a.job('one')).alive], [0, 0]);
  },

  'one failed run too many in a row pauses the job': async (world) => {
    const a = await world.replica();
    await a.put('one', { pauseAfterFailures: 2 });
    assert.equal(await a.fail(await a.claimOne(sec(10)), sec(11)), 'recorded');
    assert.equal(await a.succeed(await a.claimOne(sec(20)), sec(21)), 'recorded');
    assert.equal(await a.fail(await a.claimOne(sec(30)), sec(31)), 'recorded');
    const timedOut = { kind: 'timedOut', error: new Error('late') } as const;
    assert.equal(await a.end(await a.claimOne(sec(40)), timedOut, sec(41)), 'pausedJob');
    const { state, pause, failuresInRow } = await a.job('one');
    assert.equal(state, 'paused');
    assert.deepEqual(pause, {
      note: '2 failed runs in a row',
      by: 'pauseAfterFailures',
      at: new Date(sec(41)),
      until: null,
    });
    assert.equal(failuresInRow, 0);
    assert.deepEqual((await a.claim(sec(60))).claims, []);
  },

  'a run of which nothing can follow ends its job': async (world) => {
    const a = await world.replica();
    await a.put('one', { trigger: every('10s', { mode: 'delay', endAt: new Date(sec(25)) }) });
    assert.equal(await a.succeed(await a.claimOne(sec(10)), sec(12)), 'recorded');
    const last = await a.claim(sec(22));
    assert.deepEqual(asClaims(last.claims), ['one 12:00:22']);
    assert.equal(await a.succeed(last.claims[0]!, sec(23)), 'finishedJob');
    assert.equal((await a.job('one')).state, 'finished');
    assert.equal(await a.store.earliestDueAt(), null);
  },

  'a job ends with the tick that has no next, and its run goes on': async (world) => {
    const a = await world.replica();
    await a.put('one', { trigger: every('10s', { endAt: new Date(sec(20)) }) });
    await a.succeed(await a.claimOne(sec(10)), sec(11));
    const { claims, changed } = await a.claim(sec(20));
    assert.deepEqual(asChanges(changed), ['finished one']);
    assert.equal((await a.job('one')).state, 'finished');
    assert.equal(await a.succeed(claims[0]!, sec(21)), 'recorded');
    assert.deepEqual(await a.ledger('one'), ['succeeded 12:00:10', 'succeeded 12:00:20']);
  },

  'what a handler tells is kept with its run': async (world) => {
    const a = await world.replica();
    await a.put('one');
    const claim = await a.claimOne(sec(10));
    const progress = { share: 0.25, note: 'a quarter ¼', at: new Date(sec(11)) };
    await a.store.annotate(claim, {
      kind: 'progress',
      progress: { share: 0.1, note: null, at: new Date(0) },
    });
    await a.store.annotate(claim, { kind: 'progress', progress });
    const line = { level: 'warn', message: 'mind “this”\n', at: new Date(sec(12)) } as const;
    await a.store.annotate(claim, { kind: 'line', line });
    const running = await a.run('one');
    assert.deepEqual([running.progress, running.log], [progress, [line]]);
    await a.succeed(claim, sec(13));
    const ended = await a.run('one');
    assert.deepEqual([ended.progress, ended.log], [progress, [line]]);
  },

  'of what a handler writes the last hundred lines are kept, and a thousand characters of each': async (
    world,
  ) => {
    const a = await world.replica();
    await a.put('one');
    const claim = await a.claimOne(sec(10));
    for (let i = 0; i < 120; i++) {
      const message = `${i} ${'x'.repeat(2_000)}`;
      await a.store.annotate(claim, {
        kind: 'line',
        line: { level: 'info', message, at: new Date(sec(10)) },
      });
    }
    await a.succeed(claim, sec(11));
    const { log } = await a.run('one');
    assert.deepEqual(
      [log.length, log[0]!.message.slice(0, 3), log.at(-1)!.message.slice(0, 4)],
      [100, '20 ', '119 '],
    );
    assert.ok(log.every(({ message }) => message.length === 1_000));
  },

  'notes of several attempts stay with the run': async (world) => {
    const a = await world.replica();
    await a.put('one', { retry: 2 });
    const note = (message: string) =>
      ({ kind: 'line', line: { level: 'info', message, at: new Date(sec(10)) } }) as const;
    const first = await a.claimOne(sec(10));
    await a.store.annotate(first, note('first'));
    await a.fail(first, sec(11), sec(12));
    const second = await a.claimOne(sec(12));
    await a.store.annotate(second, note('second'));
    await a.succeed(second, sec(13));
    assert.deepEqual(
      (await a.run('one')).log.map(({ message }) => message),
      ['first', 'second'],
    );
  },
};
