import {
  type AttemptResult,
  every,
  type JobSpec,
  type PolicyOptions,
  readPolicies,
  type Trigger,
} from '@carillon/scheduler/store';
import { beforeEach, describe, expect, it } from 'vitest';
import type { JobTable, RunTable } from '../schema/tables.js';
import {
  adoptJob,
  beginJob,
  editJob,
  followZoneData,
  orphanJob,
  pauseJob,
  removeJob,
  resumeJob,
} from './change-job.js';
import { type ClaimPlaces, DueOfJob } from './claim-due.js';
import { Effects, type Span } from './effects.js';
import { newJobRow } from './job-row.js';
import { JobTurn } from './job-turn.js';
import { LiveRuns } from './live-runs.js';
import { backfill, requestRun } from './request-run.js';
import { RunIds } from './run-ids.js';
import { toRun } from './run-row.js';
import { giveBackRun, recoverRun, releaseRun, settleRun } from './settle-run.js';
import { readJob } from './stored-job.js';

const START = Date.UTC(2026, 5, 1, 12);
const at = (seconds: number): number => START + seconds * 1_000;
const ANY_NUMBER: ClaimPlaces = { full: () => false, enter: () => undefined };

/** The rows of one job, and turns over them as transactions would make them. */
class Stored {
  row!: JobTable;
  runs: RunTable[] = [];
  ended: RunTable[] = [];
  last = new Effects();
  private readonly ids = new RunIds();

  add(options: PolicyOptions = {}, trigger: Trigger = every('10s')): this {
    const spec: JobSpec = {
      id: 'one',
      trigger: trigger.bind({ jobId: 'one', timezone: 'UTC', anchorAt: START }),
      handler: 'work',
      payload: { page: 1 },
      policies: readPolicies(options),
      origin: 'added',
      disabled: false,
    };
    this.row = newJobRow(spec, null, START, 'now');
    this.turn(0, beginJob);
    return this;
  }

  turn<T>(seconds: number, work: (turn: JobTurn) => T, tzdata = 'now'): T {
    const effects = (this.last = new Effects());
    const context = { ids: this.ids, tzdata, effects, now: at(seconds) };
    const spanRow = this.ended.find(({ id }) => id === this.row.span_id);
    const span = spanRow && ({ ...spanRow, countAtLeast: spanRow.count_at_least } as unknown as Span);
    const live = new LiveRuns();
    live.list.push(...this.runs);
    const turn = new JobTurn(readJob(this.row), live, span ?? null, context);
    followZoneData(turn);
    const answer = work(turn);
    turn.finish();
    this.runs = turn.runs;
    for (const run of [...effects.inserted, ...effects.touched]) {
      if (run.live === 0 && !this.ended.includes(run)) this.ended.push(run);
    }
    for (const { id, tickUntil, endedAt, count } of effects.longer.values()) {
      Object.assign(
        this.ended.find((run) => run.id === id)!,
        { tick_until: tickUntil, ended_at: endedAt, count },
      );
    }
    return answer;
  }

  claim(seconds: number, places = ANY_NUMBER, replica = 'a'): RunTable[] {
    return this.turn(seconds, (turn) => {
      const due = new DueOfJob(turn, { replica, leaseUntil: at(seconds + 30), places });
      while (due.nextAt <= at(seconds)) due.takeNext();
      return turn.effects.claimed;
    });
  }

  settle(run: RunTable, seconds: number, kind: AttemptResult['kind'] = 'succeeded', retryAt?: number) {
    const result = (
      kind === 'succeeded' ? { kind, value: 1 } : { kind, error: new Error('no') }
    ) as AttemptResult;
    const claim = { runId: run.id, token: run.token } as never;
    const end = { claim, result, startedAt: at(seconds), endedAt: at(seconds), durationMs: 0 };
    return this.turn(seconds, (turn) => settleRun(turn, run, { ...end, retryAt: retryAt ?? null }, false));
  }

  ledger(): string[] {
    return this.ended.map(({ outcome, reason, tick_at, tick_until, count }) => {
      const from = tick_at === null ? '-' : (tick_at - START) / 1_000;
      const until = tick_until === null ? '' : `..${(tick_until - START) / 1_000}`;
      return `${outcome} ${reason ?? '-'} ${from}${until} x${count}`;
    });
  }
}

let one: Stored;
beforeEach(() => {
  one = new Stored();
});

describe('claiming', () => {
  it('begins the run of a tick, with a lease and a token, and moves on to the next', () => {
    const [run] = one.add().claim(10);
    expect(run).toMatchObject({ state: 'running', attempt: 1, token: 1, holder: 'a', lease_until: at(40) });
    expect(one.row).toMatchObject({ tick_at: at(20), due_at: at(20), last_tick_at: at(10), runs_started: 1 });
    expect(one.last.claims[0]).toMatchObject({ payload: { page: 1 }, scheduledAt: at(10), dueAt: at(10) });
  });

  it('never has a tick again that is not after the last one, whatever the row says', () => {
    one.add().claim(10);
    one.settle(one.runs[0]!, 11);
    one.row.tick_at = at(10);
    one.row.due_at = at(10);
    expect(one.claim(12)).toEqual([]);
    expect(one.row.tick_at).toBe(at(20));
    expect(one.ledger()).toEqual(['succeeded - 10 x1']);
  });

  it('lets ticks that do not run join the span of those before, and begins another after a run', () => {
    one.add();
    const [run] = one.claim(10);
    one.claim(20);
    one.claim(30);
    expect(one.ledger()).toEqual(['skipped overlap 20..30 x2']);
    one.settle(run!, 35);
    const [next] = one.claim(40);
    one.claim(50);
    one.settle(next!, 51);
    expect(one.ledger()).toEqual([
      'skipped overlap 20..30 x2',
      'succeeded - 10 x1',
      'skipped overlap 50 x1',
      'succeeded - 40 x1',
    ]);
  });

  it('leaves ticks without a place due, but not those that would not run anyway', () => {
    const full: ClaimPlaces = { full: () => true, enter: () => undefined };
    one.add();
    expect(one.claim(10, full)).toEqual([]);
    expect(one.row.due_at).toBe(at(10));
    one.claim(10);
    one.claim(20, full);
    expect(one.ledger()).toEqual(['skipped overlap 20 x1']);
  });

  it('is due after the jitter, for the tick that was planned', () => {
    one.add({}, every('10s', { jitter: '8s' }));
    expect(one.row.due_at! - one.row.tick_at!).toBeGreaterThan(0);
    const dueAt = one.row.due_at!;
    expect(one.claim((dueAt - START) / 1_000 - 0.001)).toEqual([]);
    const [run] = one.claim((dueAt - START) / 1_000);
    expect(run).toMatchObject({ tick_at: at(10), due_at: dueAt, lateness_ms: 0 });
  });

  it('finishes the job with the last run that maxRuns allows, counting those that wait', () => {
    one.add({ maxRuns: 2, overlap: 'queueAll' });
    one.claim(10);
    one.claim(20);
    expect(one.row.state).toBe('finished');
    expect(one.last.changed).toEqual([{ kind: 'finished', jobId: 'one' }]);
    one.settle(one.runs[0]!, 25);
    one.settle(one.claim(26)[0]!, 27);
    expect(one.ledger()).toEqual(['succeeded - 10 x1', 'succeeded - 20 x1']);
  });
});

describe('runs behind each other', () => {
  it('queueOne keeps the newest, and it goes on when the one before has ended', () => {
    one.add({ overlap: 'queueOne' });
    const [first] = one.claim(10);
    expect(first!.followed).toBe(0);
    one.claim(20);
    expect(first!.followed).toBe(1);
    one.claim(30);
    expect(one.ledger()).toEqual(['coalesced merged 20 x1']);
    one.settle(first!, 31);
    const [next] = one.claim(31);
    expect(next).toMatchObject({ tick_at: at(30), merged: 1, followed: 0 });
  });

  it('cancelPrevious flags what runs, wherever it runs, and starts when that has ended', () => {
    one.add({ overlap: 'cancelPrevious', retry: 3 });
    const [first] = one.claim(10, ANY_NUMBER, 'b');
    one.claim(20);
    expect(first).toMatchObject({ replaced: 1, followed: 1, state: 'running' });
    expect(one.last.replaced).toEqual([first]);
    expect(one.settle(first!, 21, 'failed', at(25))).toBe('withoutRetry');
    expect(one.claim(21)[0]).toMatchObject({ tick_at: at(20) });
  });

  it('a run by hand is subject to overlap, too', () => {
    one.add();
    one.claim(10);
    expect(one.turn(11, (turn) => requestRun(turn, undefined))).toMatchObject({ outcome: 'skipped' });
    one.settle(one.runs[0]!, 12);
    expect(one.turn(13, (turn) => requestRun(turn, { page: 2 }))).toMatchObject({ state: 'waiting' });
    expect(one.claim(13)[0]!.payload).toBe('{"page":2}');
  });

  it('backfilled runs go one after the other, beside nothing, and no newer run takes their place', () => {
    one.add({ overlap: 'cancelPrevious' });
    one.row.due_at = null;
    const request = {
      jobId: 'one',
      fromAt: at(10),
      toAt: at(30),
      force: false,
      dryRun: false,
      most: 9,
      now: at(35),
    };
    const made = one.turn(35, (turn) => backfill(turn, request, new Set([at(20)])));
    expect(made).toEqual({ count: 2, leftOut: 1, tooMany: false });
    const [first] = one.claim(35);
    expect(first).toMatchObject({ stands_for: at(10), tick_at: null });
    expect(one.claim(36)).toEqual([]);
    one.turn(37, (turn) => requestRun(turn, undefined));
    expect(first!.replaced).toBe(0);
    one.settle(first!, 38);
    expect(one.claim(38)[0]).toMatchObject({ stands_for: at(30) });
  });
});

describe('settling', () => {
  it('a retry waits, holds no place of a group, and keeps the record of the attempt', () => {
    one.add({ retry: 2, group: 'few' });
    const [run] = one.claim(10);
    expect(one.settle(run!, 11, 'failed', at(15))).toBe('recorded');
    expect(run).toMatchObject({ state: 'waiting', holds_place: 0, holder: null, live: 1, group_name: null });
    expect(one.claim(15)[0]).toMatchObject({ attempt: 2, token: 2 });
    one.settle(run!, 16);
    expect(toRun(run!).attempts.map(({ result }) => result)).toEqual(['failed', 'succeeded']);
  });

  it('one failure too many pauses the job, and a success forgets those before', () => {
    one.add({ pauseAfterFailures: 2 });
    one.settle(one.claim(10)[0]!, 11, 'failed');
    const [second] = one.claim(20);
    expect(second!.followed).toBe(1);
    one.settle(second!, 21);
    expect(one.row.failures_in_row).toBe(0);
    one.settle(one.claim(30)[0]!, 31, 'failed');
    expect(one.settle(one.claim(40)[0]!, 41, 'timedOut')).toBe('pausedJob');
    expect(one.row).toMatchObject({ state: 'paused', due_at: null, pause_first_tick: at(50) });
  });

  it('the next tick of a delay comes one period after the end, also when the run was abandoned', () => {
    one.add({ onAbandoned: 'fail' }, every('10s', { mode: 'delay' }));
    one.settle(one.claim(10)[0]!, 17);
    expect(one.row).toMatchObject({ tick_at: at(27), awaits_run: 0 });
    const [second] = one.claim(27);
    expect(one.row.due_at).toBeNull();
    one.turn(90, (turn) => recoverRun(turn, second!));
    expect(one.row.tick_at).toBe(at(100));
    expect(one.last.recorded).toMatchObject([{ outcome: 'abandoned', reason: 'leaseExpired' }]);
  });

  it('a run whose handler is still on the way holds its place until that is given back', () => {
    one.add();
    const [run] = one.claim(10);
    const error = new Error('late');
    const end = { claim: {} as never, result: { kind: 'timedOut' as const, error }, startedAt: at(10) };
    one.turn(12, (turn) =>
      settleRun(turn, run!, { ...end, endedAt: at(12), durationMs: 0, retryAt: null }, true),
    );
    expect(run).toMatchObject({ state: 'ended', live: 1, holds_place: 1, holder: 'a' });
    one.claim(20);
    expect(one.ledger()).toEqual(['skipped overlap 20 x1']);
    expect(one.turn(21, (turn) => releaseRun(turn, run!, at(21)))).toBe('recorded');
    expect(one.claim(30)).toHaveLength(1);
  });
});

describe('a replica that is gone', () => {
  it('has its run attempted again, once, with a higher token', () => {
    one.add();
    const [run] = one.claim(10);
    one.turn(50, (turn) => recoverRun(turn, run!));
    expect(one.last.recovered).toEqual([{ jobId: 'one', runId: run!.id, scheduledAt: at(10), attempt: 1 }]);
    one.row.due_at = null;
    expect(one.claim(50, ANY_NUMBER, 'b')[0]).toMatchObject({ token: 2, attempt: 2, holder: 'b', lost: 1 });
    one.turn(99, (turn) => recoverRun(turn, run!));
    expect(run).toMatchObject({ state: 'ended', outcome: 'abandoned', reason: 'leaseExpired' });
  });

  it('has a run that was to be cancelled ended as cancelled', () => {
    one.add({ overlap: 'cancelPrevious' });
    const [run] = one.claim(10);
    one.claim(20);
    one.turn(60, (turn) => recoverRun(turn, run!));
    expect(run).toMatchObject({ outcome: 'cancelled', reason: 'replaced' });
    expect(one.runs[0]).toMatchObject({ tick_at: at(20), state: 'waiting' });
  });

  it('gives back what it had not begun, as if it had not been claimed', () => {
    one.add({ maxRuns: 5 });
    const [run] = one.claim(10);
    one.turn(11, (turn) => giveBackRun(turn, run!));
    expect(run).toMatchObject({ state: 'waiting', attempt: 0, started_at: null, holds_place: 0 });
    expect(one.row.runs_started).toBe(0);
    expect(one.claim(12)[0]).toMatchObject({ id: run!.id, attempt: 1, token: 2 });
    expect(one.row.runs_started).toBe(1);
  });
});

describe('changing a job', () => {
  it('a pause lets a waiting run go on, and its ticks are one span', () => {
    one.add({ retry: 2 });
    one.settle(one.claim(10)[0]!, 11, 'failed', at(15));
    one.turn(12, (turn) => pauseJob(turn, { note: null, by: null, until: null }));
    one.settle(one.claim(15)[0]!, 16);
    one.turn(45, (turn) => resumeJob(turn, at(45)));
    expect(one.ledger()).toEqual(['succeeded - 10 x1', 'skipped paused 20..40 x3']);
    expect(one.row).toMatchObject({ state: 'active', tick_at: at(50) });
  });

  it('a run that waits is run as its job is by then', () => {
    one.add({ retry: 2 });
    one.settle(one.claim(10)[0]!, 11, 'failed', at(15));
    one.turn(12, (turn) => editJob(turn, { handler: 'other', policies: readPolicies({ timeout: '5s' }) }));
    one.row.due_at = null;
    one.claim(15);
    expect(one.last.claims[0]).toMatchObject({
      handler: 'other',
      payload: { page: 1 },
      policies: { timeoutMs: 5_000 },
    });
  });

  it('a new trigger has ticks of its own; what the old one had due gets its outcome', () => {
    one.add();
    const { generation } = one.row;
    const trigger = every('7s').bind({ jobId: 'one', anchorAt: at(25) });
    one.turn(25, (turn) => editJob(turn, { trigger }));
    expect(one.ledger()).toEqual(['skipped edited 10..20 x2']);
    expect(one.row.generation).toBeGreaterThan(generation);
    expect(one.row).toMatchObject({ last_tick_at: null, runs_started: 0, tick_at: at(32) });
  });

  it('removing it ends what waits, and lets what runs end without it', () => {
    one.add({ overlap: 'queueAll' });
    const [run] = one.claim(10);
    one.claim(20);
    one.turn(35, (turn) => {
      removeJob(turn);
      expect(turn.removed).toBe(true);
    });
    expect(one.ledger()).toEqual(['cancelled removed 30 x1', 'cancelled removed 20 x1']);
    expect(run!.generation).toBeLessThan(0);
    expect(run).toMatchObject({ state: 'running', followed: 1 });
  });

  it('an orphan makes no ticks, and goes on from when it is declared again, its pause kept', () => {
    one.add();
    one.turn(5, orphanJob);
    expect(one.row).toMatchObject({ state: 'orphaned', due_at: null });
    one.turn(33, adoptJob);
    expect(one.row).toMatchObject({ state: 'active', tick_at: at(40) });
    one.turn(34, (turn) => pauseJob(turn, { note: 'why', by: null, until: null }));
    one.turn(35, orphanJob);
    one.turn(55, adoptJob);
    expect(one.row).toMatchObject({ state: 'paused', pause_note: 'why', pause_first_tick: at(60) });
    expect(one.ledger()).toEqual([]);
  });

  it('a row that cannot be read is parked, and what waited of it has its outcome', () => {
    one.add({ overlap: 'queueAll' });
    one.claim(10);
    one.claim(20);
    one.row.trigger_json = '{"type":';
    one.claim(30);
    expect(one.row).toMatchObject({ state: 'parked', due_at: null });
    expect(one.row.parked_because).toContain('JSON');
    expect(one.ledger()).toEqual(['missed parked 30 x1', 'missed parked 20 x1']);
    expect(one.settle(one.runs[0]!, 31)).toBe('recorded');
  });

  it('instants that other time zone data gave are computed anew (Z5)', () => {
    one.add();
    one.row.tick_at = at(13);
    one.row.due_at = at(13);
    one.turn(1, () => undefined, 'newer');
    expect(one.row).toMatchObject({ tick_at: at(10), due_at: at(10), tzdata: 'newer' });
  });
});

it('ids rise, whatever the clock does', () => {
  const ids = new RunIds();
  const made = [5, 5, 9, 3, 9, 10].map((now) => ids.next(START + now));
  expect(made.toSorted()).toEqual(made);
  expect(new Set(made.map(({ length }) => length))).toEqual(new Set([26]));
});
