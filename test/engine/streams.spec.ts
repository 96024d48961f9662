import {
  concat,
  defer,
  EMPTY,
  fromEvent,
  NEVER,
  type Observable,
  of,
  Subject,
  takeUntil,
  throwError,
} from 'rxjs';
import { describe, expect, it } from 'vitest';
import type { RunContext } from '../../libs/scheduler/src/model/index.js';
import { currentRun } from '../../libs/scheduler/src/runner/index.js';
import { every } from '../../libs/scheduler/src/timing/index.js';
import { World } from './world.js';

describe('a handler that answers with a stream', () => {
  it.each<[string, () => unknown]>([
    ['as it is', () => steps],
    ['by a promise', () => Promise.resolve(steps)],
  ])('does its work within the run, and the last value is the result: %s', async (_, handler) => {
    const world = World.started();
    world.add('job', { trigger: every('1s'), handler });
    await world.clock.advance(1_000);
    expect(world.of('run.succeeded')).toMatchObject([{ result: 'last of job' }]);
  });

  it('succeeds with nothing when the stream is empty, and fails with its error', async () => {
    const world = World.started();
    const error = new Error('broken off');
    world.add('empty', { trigger: every('1s'), handler: () => EMPTY });
    world.add('broken', {
      trigger: every('1s'),
      handler: () =>
        concat(
          of(1),
          throwError(() => error),
        ),
    });
    await world.clock.advance(1_000);
    expect(world.of('run.succeeded')).toMatchObject([{ jobId: 'empty', result: undefined }]);
    expect(world.of('run.failed')).toMatchObject([{ jobId: 'broken', error }]);
  });

  it('keeps its place after a timeout until the stream has ended, as its signal may end it', async () => {
    const world = World.started();
    const deaf = new Subject<void>();
    const heeding = (run: RunContext): Observable<never> =>
      NEVER.pipe(takeUntil(fromEvent(run.signal, 'abort')));
    world.add('deaf', { trigger: every('10s'), timeout: '1s', handler: () => deaf });
    world.add('heeding', { trigger: every('10s'), timeout: '1s', handler: heeding });
    await world.clock.advance(20_000);
    expect(await world.ledger('deaf')).toEqual(['timedOut 12:00:10', 'skipped overlap 12:00:20']);
    expect(await world.ledger('heeding')).toEqual(['timedOut 12:00:10', 'running 12:00:20']);
    deaf.complete();
    await world.clock.advance(10_000);
    expect((await world.ledger('deaf')).at(-1)).toBe('succeeded 12:00:30');
  });

  it('fails when even asking the answer what it is throws', async () => {
    const world = World.started();
    const error = new Error('do not ask');
    const strange = Object.defineProperty({}, 'lift', {
      get: () => {
        throw error;
      },
    });
    world.add('at-once', { trigger: every('1s'), handler: () => strange });
    world.add('later', { trigger: every('1s'), handler: () => Promise.resolve(strange) });
    await world.clock.advance(1_000);
    expect(world.of('run.failed')).toMatchObject([
      { jobId: 'at-once', error },
      { jobId: 'later', error },
    ]);
  });
});

const steps = defer(() => of('first', `last of ${currentRun()?.jobId}`));
