import type { Policies } from '../model/index.js';
import type { RunRecord } from './records.js';
import type { Unit } from './unit.js';

/**
 * The effect of `overlap` on a new run of a job (O1):
 * - `start`: it starts now.
 * - `skip`: it does not run.
 * - `queue`: it waits behind the runs that are alive.
 * - `replaceQueued`: it waits, and runs that waited are merged into it.
 * - `cancelPrevious`: the same, and runs at work are cancelled.
 */
export type Admission = 'start' | 'skip' | 'queue' | 'replaceQueued' | 'cancelPrevious';

/** @param active runs of the job that are running or waiting */
export function admitRun(policies: Pick<Policies, 'overlap' | 'maxInstances'>, active: number): Admission {
  if (active === 0) return 'start';
  switch (policies.overlap) {
    case 'skip':
      return 'skip';
    case 'queueOne':
      return 'replaceQueued';
    case 'queueAll':
      return 'queue';
    case 'cancelPrevious':
      return 'cancelPrevious';
    case 'allow':
      return policies.maxInstances === null || active < policies.maxInstances ? 'start' : 'skip';
    default:
      return policies.overlap satisfies never;
  }
}

/** Queues a run behind those that are alive, and ends the runs that it replaces (O1). */
export function queueRun<Run extends RunRecord>(unit: Unit<Run>, run: Run, admission: Admission): void {
  const { now, runs, facts } = unit;
  run.state = 'queued';
  unit.touch(run);
  if (admission !== 'queue') {
    for (const waiting of [...runs.list]) {
      if (waiting !== run && waiting.state === 'queued' && !waiting.catchesUp)
        unit.endUnstarted(waiting, 'coalesced', 'merged', now, run);
    }
  }
  if (admission === 'cancelPrevious') {
    for (const previous of [...runs.list]) {
      // A run that catches up is nobody's previous run.
      if (previous === run || previous.catchesUp) continue;
      if (previous.state !== 'running' && previous.state !== 'waiting') continue;
      previous.isReplaced = true;
      unit.touch(previous);
      if (previous.state === 'running') facts.replace(previous);
      else unit.endUnstarted(previous, 'cancelled', 'replaced', now);
    }
  }
  unit.startNextQueued();
}
