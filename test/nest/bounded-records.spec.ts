import { runInNewContext } from 'node:vm';
import { Injectable } from '@nestjs/common';
import { describe, expect, it } from 'vitest';
import { every, Interval, type Run, type RunContext, type SchedulerOptions } from '@carillon/scheduler';
import { compile, createApp, rejection, startApp, type TestApp } from './testing-app.js';

const MEGABYTE = 1_000_000;

/** The run and the log lines of a handler that throws the value. */
async function thrown(
  value: unknown,
): Promise<{ error: NonNullable<Run['error']>; line: TestApp['lines'][0] }> {
  const { clock, scheduler, lines } = await startApp();
  const handler = (): never => {
    throw value;
  };
  await scheduler.addJob({ id: 'fetch', trigger: every('1s'), handler, maxRuns: 1 });
  await clock.advance(1_000);
  const [run] = await scheduler.getRuns();
  return { error: run!.error!, line: lines.find(({ text }) => text.startsWith('Job "fetch" failed'))! };
}

describe('a payload', () => {
  const job = { id: 'a', trigger: every('1h'), handler: () => {} };
  const tooLarge = {
    code: 'PAYLOAD_INVALID',
    property: 'payload',
    message: expect.stringMatching(/1000012 bytes.*1000000.*maxPayload/),
  };
  const large = { text: 'x'.repeat(MEGABYTE) };

  it('of more than a megabyte is refused by every verb that takes one, with its size', async () => {
    const { scheduler } = await startApp();
    await scheduler.addJob({ ...job, payload: { text: 'x'.repeat(MEGABYTE - 100) } });
    expect(await rejection(scheduler.addJob({ ...job, id: 'b', payload: large }))).toMatchObject({
      ...tooLarge,
      message: expect.stringMatching(/1000011 bytes.*1000000.*maxPayload/),
    });
    expect(await rejection(scheduler.updateJob('a', { payload: large }))).toMatchObject({
      code: 'PAYLOAD_INVALID',
    });
    expect(await rejection(scheduler.runNow('a', { payload: large }))).toMatchObject({
      code: 'PAYLOAD_INVALID',
    });
  });

  it('is counted in bytes, as a database does', async () => {
    const { scheduler } = await startApp({ options: { maxPayload: 1_000 } });
    await scheduler.addJob({ ...job, payload: 'x'.repeat(998) });
    for (const payload of ['x'.repeat(999), 'ü'.repeat(500), '\n'.repeat(500), Array(501).fill(0)]) {
      const error = await rejection(scheduler.addJob({ ...job, id: 'b', payload }));
      expect(error, String(payload).slice(0, 3)).toMatchObject({ code: 'PAYLOAD_INVALID' });
    }
  });

  it('of a decorator has the same limit', async () => {
    @Injectable()
    class Tasks {
      @Interval('1h', { payload: large })
      tick(): void {}
    }
    const { app } = await createApp({ providers: [Tasks] });
    expect((await rejection(app.init())).message).toMatch(
      /^@Interval on Tasks\.tick: payload .*1000011 bytes/,
    );
  });

  it.each<[SchedulerOptions]>([
    [{ maxPayload: 0 }],
    [{ maxPayload: '1MB' as never }],
    [{ maxPayload: Number.NaN }],
  ])('has a limit in whole bytes: %o', async (options) => {
    expect(await rejection(compile({ options }))).toMatchObject({
      code: 'INVALID_OPTIONS',
      field: 'maxPayload',
    });
  });

  it.each([
    ['at the top', '{ "__proto__": { "admin": true } }', 'payload.__proto__'],
    ['inside', '{ "user": [{ "__proto__": 1 }] }', 'payload.user[0].__proto__'],
  ])('with __proto__ %s is refused, not altered', async (_, json, property) => {
    const { scheduler } = await startApp();
    const error = await rejection(scheduler.addJob({ ...job, payload: JSON.parse(json) as object }));
    expect(error).toMatchObject({ code: 'PAYLOAD_INVALID', property });
  });

  it('that cannot be read is a PAYLOAD_INVALID, too', async () => {
    const { scheduler } = await startApp();
    const fails = {
      get secret(): never {
        throw new Error('no access');
      },
    };
    const broken = {
      toJSON() {
        throw new Error('no JSON');
      },
    };
    for (const [payload, why] of [
      [fails, 'no access'],
      [{ inner: broken }, 'no JSON'],
    ] as const) {
      expect(await rejection(scheduler.addJob({ ...job, payload }))).toMatchObject({
        code: 'PAYLOAD_INVALID',
        message: expect.stringContaining(why),
      });
    }
  });
});

describe('the error of a run', () => {
  it('keeps its chain of causes, and the log says all of it', async () => {
    const refused = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:1'), { code: 'ECONNREFUSED' });
    const { error, line } = await thrown(new TypeError('fetch failed', { cause: refused }));
    expect(error).toMatchObject({
      name: 'TypeError',
      message: 'fetch failed',
      cause: { name: 'Error', message: 'connect ECONNREFUSED 127.0.0.1:1', code: 'ECONNREFUSED' },
    });
    expect(line.text).toMatch(/: fetch failed: connect ECONNREFUSED 127\.0\.0\.1:1$/);
    expect(line.stack).toMatch(
      /TypeError: fetch failed[^]*bounded-records[^]*Caused by: Error: connect ECONN/,
    );
  });

  it('keeps the errors of an AggregateError', async () => {
    const { error, line } = await thrown(new AggregateError([new Error('first'), 'second'], 'two failed'));
    expect(error).toMatchObject({
      message: 'two failed',
      errors: [
        { name: 'Error', message: 'first' },
        { name: 'NonError', message: 'second' },
      ],
    });
    expect(line.text).toMatch(/: two failed \(first; second\)$/);
    expect((await thrown(new AggregateError([new Error('first')]))).line.text).toMatch(/: first$/);
  });

  it('has its own code and status', async () => {
    const conflict = Object.assign(new Error('duplicate key'), { code: '23505', status: 409, secret: 'x' });
    const { error } = await thrown(conflict);
    expect(error).toEqual({
      name: 'Error',
      message: 'duplicate key',
      stack: expect.any(String),
      code: '23505',
      status: 409,
    });
    expect(
      (await thrown(Object.assign(new Error('odd'), { code: {}, status: () => {} }))).error,
    ).not.toHaveProperty('code');
  });

  it('may come from another realm', async () => {
    const foreign: unknown = runInNewContext(
      'Object.assign(new TypeError("not ours"), { cause: new RangeError("deep") })',
    );
    expect(foreign).not.toBeInstanceOf(Error);
    const { error, line } = await thrown(foreign);
    expect(error).toMatchObject({ name: 'TypeError', message: 'not ours', cause: { name: 'RangeError' } });
    expect(line.stack).toContain('not ours');
  });

  it('is cut to a size that any database takes', async () => {
    const huge = (depth: number): Error => {
      const error = new Error('m'.repeat(5 * MEGABYTE), depth === 0 ? {} : { cause: huge(depth - 1) });
      error.name = 'n'.repeat(MEGABYTE);
      return Object.assign(error, { code: 'c'.repeat(MEGABYTE) });
    };
    const all = new AggregateError(
      Array.from({ length: 100 }, () => huge(2)),
      '😀'.repeat(MEGABYTE),
    );
    const { error, line } = await thrown(all);
    expect(JSON.stringify(error).length).toBeLessThan(300_000);
    expect(error.message).not.toMatch(/\p{Cs}/u);
    expect(error.message).toMatch(/…$/);
    expect(line.text.length + line.stack!.length).toBeLessThan(300_000);
  });

  it('ends where it goes round', async () => {
    const error = new Error('round');
    error.cause = error;
    expect(JSON.stringify((await thrown(error)).error).length).toBeLessThan(100_000);
  });

  it.each<[string, () => unknown]>([
    ['whose getters throw', () => Object.defineProperty(new Error('lost'), 'message', { get: fail })],
    ['whose stack throws', () => Object.defineProperty(new Error('lost'), 'stack', { get: fail })],
    ['whose cause throws', () => Object.defineProperty(new Error('kept'), 'cause', { get: fail })],
    ['whose errors are no list', () => Object.assign(new AggregateError([]), { errors: { length: 3 } })],
    ['that is a proxy of refusals', () => new Proxy(new Error('lost'), { get: fail, getPrototypeOf: fail })],
    ['that is a revoked proxy', () => revoked()],
    ['without a prototype', () => Object.create(null)],
    ['that is a symbol', () => Symbol('lost')],
  ])('has its line and its record: one %s', async (_, make) => {
    const { error, line } = await thrown(make());
    expect(error).toMatchObject({ name: expect.any(String), message: expect.any(String) });
    expect(line.level).toBe('error');
  });
});

describe('a note', () => {
  const LONG = 'n'.repeat(MEGABYTE);

  it('of progress is cut, so that the run keeps it', async () => {
    const { clock, scheduler } = await startApp();
    const handler = (run: RunContext): void => {
      run.progress(0.5, LONG);
      run.log.info(LONG);
    };
    await scheduler.addJob({ trigger: every('1s'), handler });
    await clock.advance(1_000);
    const [run] = await scheduler.getRuns();
    expect(run).toMatchObject({
      outcome: 'succeeded',
      progress: { note: expect.stringMatching(/^n{1000}…$/) },
    });
    expect(JSON.stringify(run).length).toBeLessThan(20_000);
  });

  it.each(['note', 'by'])('of a pause is refused when it is longer than a page: %s', async (field) => {
    const { scheduler } = await startApp();
    await scheduler.addJob({ id: 'a', trigger: every('1s'), handler: () => {} });
    expect(await rejection(scheduler.pauseJob('a', { [field]: LONG }))).toMatchObject({
      code: 'INVALID_OPTIONS',
      field,
    });
    await scheduler.pauseJob('a', { [field]: 'n'.repeat(1_000) });
  });
});

describe('a line of the log', () => {
  it('stays one line, whatever ids, notes and messages hold', async () => {
    const { clock, scheduler, lines } = await startApp();
    const forged = 'x\n[Nest] LOG forged\r\u001b[31m\u2028\u0085';
    const escaped = 'x\\n[Nest] LOG forged\\r\\u001b[31m\\u2028\\u0085';
    const handler = (run: RunContext): never => {
      run.log.info(forged);
      throw Object.assign(new Error(forged), { name: forged });
    };
    await scheduler.addJob({ id: 'fetch', trigger: every('1s'), handler });
    await clock.advance(1_000);
    await scheduler.pauseJob('fetch', { note: forged, by: forged });
    const texts = lines.map(({ text }) => text);
    expect(texts.filter((text) => text.includes(escaped))).toHaveLength(3);
    // oxlint-disable-next-line no-control-regex
    expect(texts.filter((text) => /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/.test(text))).toEqual([]);
    const { stack } = lines.find(({ level }) => level === 'error')!;
    expect(stack).toMatch(/^[^\n]*\\n\[Nest\] LOG forged[^\n]*\n {4}at /);
    expect(stack).not.toContain('\u001b');
  });
});

function fail(): never {
  throw new Error('not for you');
}

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable(new Error('lost'), {});
  revoke();
  return proxy;
}
