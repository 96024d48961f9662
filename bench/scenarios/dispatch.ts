import type { Scenario } from '../harness/scenario.js';
import { grouped } from '../harness/statistics.js';
import { LimitScheduler } from '../limit/limit-scheduler.js';

const JOBS = 10_000;
const PERIOD_MS = 1_000;
const WARM_UP_PASSES = 10;
const PASSES = 30;

interface Input {
  handler: 'plain' | 'async';
  listens: boolean;
}

export const dispatch: Scenario<Input> = {
  name: 'dispatch',
  title: 'Dispatching a run',
  method:
    `${grouped(JOBS)} interval jobs of one period, ${PASSES} passes over all of them under a steered clock, after ${WARM_UP_PASSES} that are not counted. ` +
    'Ours makes a run record, a context and two events (a listener takes all of them where the row says so); the limit calls the handler.',
  repeats: 5,
  measures: [
    { key: 'plain.us', title: 'plain handler, nobody listens', unit: 'µs' },
    { key: 'async.us', title: 'async handler, nobody listens', unit: 'µs' },
    {
      key: 'listened.us',
      title: 'async handler, events listened to',
      unit: 'µs',
      targets: [{ atMost: 2.5 }],
    },
  ],
  cases: () => {
    const one = (contender: 'carillon' | 'limit', variant: string, input: Input) => ({
      contender,
      variant,
      input,
      limitMs: 60_000,
    });
    return [
      one('carillon', 'plain', { handler: 'plain', listens: false }),
      one('limit', 'plain', { handler: 'plain', listens: false }),
      one('carillon', 'async', { handler: 'async', listens: false }),
      one('limit', 'async', { handler: 'async', listens: false }),
      one('carillon', 'listened', { handler: 'async', listens: true }),
    ];
  },

  async run({ handler, listens }, name) {
    let runs = 0;
    const handle = handler === 'plain' ? () => void runs++ : async () => void runs++;
    const { pass, published } = name === 'limit' ? limitPass(handle) : await ourPass(handle, listens);

    for (let index = 0; index < WARM_UP_PASSES; index++) await pass();
    globalThis.gc!();
    const runsBefore = runs;
    const begun = performance.now();
    for (let index = 0; index < PASSES; index++) await pass();
    const us = ((performance.now() - begun) * 1_000) / (JOBS * PASSES);

    if (runs - runsBefore !== JOBS * PASSES) throw new Error(`${runs - runsBefore} runs in ${PASSES} passes`);
    if (listens && published() < 2 * runs) throw new Error(`${published()} events of ${runs} runs`);
    return { figures: { us } };
  },
};

interface Passes {
  pass: () => Promise<void>;
  /** Events that were listened to. */
  published: () => number;
}

async function ourPass(handler: () => unknown, listens: boolean): Promise<Passes> {
  const { every } = await import('@carillon/scheduler');
  const { openSteered } = await import('../contenders/carillon-steered.js');
  const { clock, service } = await openSteered(new Date(0));
  let events = 0;
  if (listens) service.events$.subscribe(() => events++);
  for (let index = 0; index < JOBS; index++) {
    await service.addJob({ id: `job-${index}`, trigger: every(PERIOD_MS), handler });
  }
  return { pass: () => clock.advance(PERIOD_MS), published: () => events };
}

function limitPass(handler: () => unknown): Passes {
  let now = 0;
  const scheduler = new LimitScheduler(() => now, true);
  const rule = { nextAt: (afterAt: number) => (Math.floor(afterAt / PERIOD_MS) + 1) * PERIOD_MS };
  for (let index = 0; index < JOBS; index++) scheduler.add(`job-${index}`, rule, handler);
  return {
    // Two turns of the event loop, as the steered clock takes.
    pass: async () => {
      now += PERIOD_MS;
      scheduler.pass();
      await new Promise((resolve) => setImmediate(resolve));
    },
    published: () => 0,
  };
}
