import type { Job } from '../model/index.js';

/** The ticks of a job in [fromAt, toAt], UTC ms, as if each run took no time. */
export function* upcomingTicks(job: Job, fromAt: number, toAt: number): Generator<number> {
  const { trigger, policies, runsStarted } = job;
  let at = firstTick(job);
  let runsLeft = policies.maxRuns === null ? Infinity : policies.maxRuns - runsStarted;
  if (at !== null && at < fromAt && !trigger.waitsForRun) {
    runsLeft -= 1 + trigger.countBetween(at + 1, fromAt - 1);
    at = trigger.nextAt(fromAt - 1);
  }
  for (; at !== null && at <= toAt && runsLeft > 0; at = trigger.nextAt(at)) {
    runsLeft--;
    if (at >= fromAt) yield at;
  }
}

function firstTick({ state, pause, trigger, nextDueAt }: Job): number | null {
  if (state === 'paused') return pause?.until ? trigger.nextAt(pause.until.getTime() - 1) : null;
  if (nextDueAt === null) return null;
  const dueAt = nextDueAt.getTime();
  // With jitter a run is due after its tick.
  const tickAt = trigger.prevAt(dueAt + 1);
  return tickAt !== null && tickAt + trigger.delayAt(tickAt) === dueAt ? tickAt : dueAt;
}
