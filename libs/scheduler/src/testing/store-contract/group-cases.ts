import assert from 'node:assert/strict';
import { at } from '../../timing/index.js';
import { asClaims, asRecorded } from './as-text.js';
import { type Replica, sec } from './replica.js';
import type { Cases } from './store-world.js';

/** Jobs `job-1` to `job-n` of one group, due one second after the other. */
async function putMany(a: Replica, count: number, group: string | null): Promise<void> {
  for (let i = 1; i <= count; i++) await a.put(`job-${i}`, { trigger: at(new Date(sec(i))), group });
}

/** How many attempts may run at once, in all and by group. */
export const groupCases: Cases = {
  'no more of a group run at once than it may, and the next goes on when one has ended': async (world) => {
    const a = await world.replica({ groups: { mail: 2 } });
    await putMany(a, 5, 'mail');
    let { claims } = await a.claim(sec(10));
    assert.deepEqual(asClaims(claims), ['job-1 12:00:01', 'job-2 12:00:02']);
    assert.deepEqual((await a.claim(sec(11))).claims, []);
    for (const next of ['job-3 12:00:03', 'job-4 12:00:04', 'job-5 12:00:05']) {
      await a.succeed(claims[0]!, sec(12));
      ({ claims } = await a.claim(sec(12)));
      assert.deepEqual(asClaims(claims), [next]);
    }
  },

  'other groups, and jobs without one, do not wait for a full group': async (world) => {
    const a = await world.replica({ groups: { mail: 1 } });
    await putMany(a, 3, 'mail');
    await a.put('free', { trigger: at(new Date(sec(4))) });
    await a.put('unlimited', { trigger: at(new Date(sec(5))), group: 'other' });
    const { claims } = await a.claim(sec(10));
    assert.deepEqual(asClaims(claims), ['job-1 12:00:01', 'free 12:00:04', 'unlimited 12:00:05']);
  },

  'no more run at once in all than may': async (world) => {
    const a = await world.replica({ whole: 2 });
    await putMany(a, 3, null);
    const { claims } = await a.claim(sec(10));
    assert.deepEqual(asClaims(claims), ['job-1 12:00:01', 'job-2 12:00:02']);
    await a.succeed(claims[1]!, sec(11));
    assert.deepEqual(asClaims((await a.claim(sec(11))).claims), ['job-3 12:00:03']);
  },

  'a run by hand waits for a slot, too': async (world) => {
    const a = await world.replica({ groups: { mail: 1 } });
    await putMany(a, 1, 'mail');
    await a.put('asked', { group: 'mail', disabled: true });
    const first = await a.claimOne(sec(1));
    await a.request('asked', sec(2));
    assert.deepEqual((await a.claim(sec(3))).claims, []);
    await a.succeed(first, sec(4));
    assert.deepEqual(asClaims((await a.claim(sec(4))).claims), ['asked by hand']);
  },

  'a run that waits for its retry takes no slot': async (world) => {
    const a = await world.replica({ groups: { mail: 1 } });
    await a.put('tried', { trigger: at(new Date(sec(1))), group: 'mail', retry: 2 });
    await a.put('next', { trigger: at(new Date(sec(2))), group: 'mail' });
    await a.fail(await a.claimOne(sec(1)), sec(2), sec(4));
    const next = await a.claimOne(sec(3));
    assert.deepEqual(asClaims([next]), ['next 12:00:02']);
    assert.deepEqual((await a.claim(sec(5))).claims, []);
    await a.succeed(next, sec(6));
    assert.deepEqual(asClaims((await a.claim(sec(6))).claims), ['tried 12:00:01 attempt 2']);
  },

  'a slot is held until it is released': async (world) => {
    const a = await world.replica({ groups: { mail: 1 } });
    await putMany(a, 2, 'mail');
    const first = await a.claimOne(sec(2));
    await a.end(first, { kind: 'timedOut', error: new Error('late') }, sec(3), { slotHeld: true });
    assert.deepEqual((await a.claim(sec(4))).claims, []);
    await a.store.release(first, sec(5));
    assert.deepEqual(asClaims((await a.claim(sec(5))).claims), ['job-2 12:00:02']);
  },

  'a tick that would not run anyway waits for no slot': async (world) => {
    const a = await world.replica({ groups: { mail: 1 } });
    await a.put('one', { group: 'mail' });
    await a.claimOne(sec(10));
    assert.deepEqual(asRecorded((await a.claim(sec(20))).recorded), ['one skipped overlap 12:00:20']);
  },

  'ticks that fall due while a job waits for a slot are merged into the one that runs': async (world) => {
    const a = await world.replica({ groups: { mail: 1 } });
    await a.put('first', { trigger: at(new Date(sec(1))), group: 'mail' });
    await a.put('one', { group: 'mail' });
    const first = await a.claimOne(sec(1));
    assert.deepEqual((await a.claim(sec(10))).claims, []);
    assert.deepEqual((await a.claim(sec(25))).claims, []);
    await a.succeed(first, sec(35));
    const { claims, recorded } = await a.claim(sec(35));
    assert.deepEqual(asClaims(claims), ['one 12:00:30']);
    assert.deepEqual(asRecorded(recorded), ['one coalesced merged 12:00:10..12:00:20 x2']);
  },
};
