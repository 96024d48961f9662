import assert from 'node:assert/strict';
import type { JsonValue } from '../../model/index.js';
import { at } from '../../timing/index.js';
import { sec } from './replica.js';
import type { Cases } from './store-world.js';

const IDS: readonly string[] = [
  'plain',
  'PLAIN',
  'Plain',
  ' plain',
  'plain ',
  'pla\u0131n',
  'plaín',
  'plai\u0301n',
  "o'neill",
  '"quoted" `back`',
  'semi; drop table jobs --',
  'per%cent_under',
  'back\\slash\\',
  'slash/and#hash?x=1&y',
  'new\nline\ttab',
  '日本語のジョブ',
  '🕰️ carillon',
  '{"json":true}',
  '$1 ? :name @p0',
  'x'.repeat(255),
  '長'.repeat(85),
];

const PAYLOADS: Readonly<Record<string, JsonValue>> = {
  null: null,
  false: false,
  zero: 0,
  'an empty text': '',
  'an empty object': {},
  'an empty list': [],
  'large and small numbers': [Number.MAX_SAFE_INTEGER, -1.5e-300, 1.7976931348623157e308, 0.1],
  'text of many scripts': 'Ünïcödé 日本語 العربية 🕰️👩‍👩‍👧 \u200f',
  'quotes and backslashes': `' " \` \\ \\' \\u0041 %s $1 ? {} \n \r \t`,
  'control characters': 'a\u0000b\u0001c\u001f\u007f\u2028',
  'half of a surrogate pair': 'a\ud83dz',
  'keys that mean something elsewhere': JSON.parse(
    '{"__proto__": 1, "constructor": 2, "": 3, "a.b": 4}',
  ) as JsonValue,
  'a megabyte': 'x€'.repeat(500_000),
};

/** Data of any kind comes back as it was stored. */
export const oddDataCases: Cases = {
  'ids of any characters, up to 255, are told apart': async (world) => {
    const a = await world.replica();
    for (const id of IDS) await a.put(id, { payload: id });
    assert.deepEqual((await a.store.listJobs({})).map(({ id }) => id).toSorted(), IDS.toSorted());
    const { claims } = await a.claim(sec(10));
    assert.deepEqual(claims.map(({ jobId }) => jobId).toSorted(), IDS.toSorted());
    for (const claim of claims) await a.succeed(claim, sec(11));
    for (const id of IDS) {
      const job = await a.job(id);
      assert.deepEqual([job.id, job.payload, job.alive], [id, id, 0]);
      assert.deepEqual(await a.ledger(id), ['succeeded 12:00:10']);
      assert.equal((await a.run(id)).jobId, id);
    }
    for (const id of IDS) await a.remove(id, sec(12));
    assert.deepEqual(await a.store.listJobs({}), []);
  },

  ...Object.fromEntries(
    Object.entries(PAYLOADS).map(([name, payload]): [string, Cases[string]] => [
      `a payload of ${name} comes back`,
      async (world) => {
        const a = await world.replica();
        await a.put('one', { payload, overlap: 'allow' });
        assert.deepEqual((await a.job('one')).payload, payload);
        assert.deepEqual((await a.claimOne(sec(10))).payload, payload);
        await a.request('one', sec(11), { given: payload });
        assert.deepEqual((await a.claimOne(sec(11))).payload, { given: payload });
      },
    ]),
  ),

  'a payload sixty levels deep comes back': async (world) => {
    const a = await world.replica();
    let payload: JsonValue = 'core';
    for (let i = 0; i < 60; i++) payload = i % 2 ? [payload] : { in: payload };
    await a.put('one', { payload });
    assert.deepEqual((await a.claimOne(sec(10))).payload, payload);
  },

  'no payload is not null': async (world) => {
    const a = await world.replica();
    await a.put('none');
    await a.put('null', { payload: null });
    const { claims } = await a.claim(sec(10));
    const byJob = Object.fromEntries(claims.map(({ jobId, payload }) => [jobId, payload]));
    assert.deepEqual(byJob, { none: undefined, null: null });
  },

  'results, errors and notes of any characters come back': async (world) => {
    const a = await world.replica();
    await a.put('one', { overlap: 'allow' });
    const odd = `${PAYLOADS['text of many scripts'] as string}${PAYLOADS['quotes and backslashes'] as string}\u0000\ud83d`;
    await a.succeed(await a.claimOne(sec(10)), sec(11), { odd });
    const second = await a.claimOne(sec(20));
    await a.store.annotate(second, {
      kind: 'line',
      line: { level: 'info', message: odd, at: new Date(sec(20)) },
    });
    await a.store.annotate(second, {
      kind: 'progress',
      progress: { share: 1, note: odd, at: new Date(sec(20)) },
    });
    await a.end(second, { kind: 'failed', error: new Error(odd) }, sec(21));
    const [failed, succeeded] = await a.runs({ jobId: 'one' });
    assert.deepEqual(succeeded!.result, { kept: true, value: { odd } });
    assert.deepEqual(
      [failed!.error?.message, failed!.log[0]?.message, failed!.progress?.note],
      [odd, odd, odd],
    );
  },

  'what is thrown may be no error': async (world) => {
    const a = await world.replica();
    await a.put('one', { overlap: 'allow' });
    for (const [index, error] of ['text', undefined, null, { code: 7 }].entries())
      await a.end(await a.claimOne(sec(10 * (index + 1))), { kind: 'failed', error }, sec(10 * (index + 1)));
    const messages = (await a.runs({ jobId: 'one' }))
      .toReversed()
      .map((run) => [run.error?.name, run.error?.message]);
    assert.deepEqual(messages, [
      ['NonError', 'text'],
      ['NonError', 'undefined'],
      ['NonError', 'null'],
      ['NonError', '{"code":7}'],
    ]);
  },

  'the last second of the year 9999 is due then': async (world) => {
    const a = await world.replica();
    const last = new Date('9999-12-31T23:59:59Z');
    await a.put('one', { trigger: at(last) });
    assert.deepEqual((await a.job('one')).nextDueAt, last);
    assert.equal(await a.store.earliestDueAt(), last.getTime());
    assert.deepEqual((await a.claim(last.getTime() - 1)).claims, []);
    assert.equal((await a.claimOne(last.getTime())).scheduledAt, last.getTime());
  },

  'an instant before 1970 was due then': async (world) => {
    const a = await world.replica();
    const first = new Date('1969-07-20T20:17:40Z');
    await a.put('one', { trigger: at(first) });
    assert.equal((await a.claimOne(sec(0))).scheduledAt, first.getTime());
    assert.deepEqual((await a.run('one')).scheduledAt, first);
  },
};
