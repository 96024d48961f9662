import { MessageChannel } from 'node:worker_threads';
import { FakeTimersError } from './errors.js';

/**
 * Sockets and the drivers of servers call `process.nextTick`: without it no connection opens, and a start would hang.
 *
 * @throws FakeTimersError when its callbacks are not called, as under fake timers
 */
export async function refuseHeldTicks(): Promise<void> {
  const called: true[] = [];
  process.nextTick(() => called.push(true));
  await nextTask();
  if (called.length === 0) throw new FakeTimersError();
}

/** Resolves in a later task of the event loop. A message needs no timer: a test may have replaced all of them. */
function nextTask(): Promise<void> {
  const { port1, port2 } = new MessageChannel();
  return new Promise((resolve) => {
    port1.once('message', () => {
      port1.close();
      resolve();
    });
    port2.postMessage(null);
  });
}
