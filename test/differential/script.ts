import type { IfTaken, PolicyOptions, TriggerJson } from '@carillon/scheduler/store';

/** A job as a script puts it. Its trigger counts from the instant at which it is put. */
export interface JobPlan {
  trigger: TriggerJson;
  policies: PolicyOptions;
  payload?: number;
  disabled?: true;
}

/** Names a job of the script by its number. */
interface OfJob {
  job: number;
}

/** Names one of the claims under way, or of the slots held, by its number. A number beyond the last counts round. */
interface OfClaim {
  claim: number;
}

/** A verb of a store, or time that passes. */
export type Step =
  | { do: 'wait'; ms: number }
  | { do: 'claim' }
  | ({ do: 'put'; ifTaken: IfTaken; plan: JobPlan } & OfJob)
  | ({ do: 'editTrigger'; trigger: TriggerJson; startsAnew?: true } & OfJob)
  | ({ do: 'editPolicies'; policies: PolicyOptions } & OfJob)
  | ({ do: 'editPayload'; payload: number } & OfJob)
  | ({ do: 'disable' | 'enable' | 'pause' | 'resume' | 'remove' } & OfJob)
  | ({ do: 'pauseFor'; ms: number } & OfJob)
  | ({ do: 'request'; payload?: number } & OfJob)
  | ({ do: 'backfill'; agoMs: number; spanMs: number; force?: true; dryRun?: true; most?: number } & OfJob)
  | ({ do: 'succeed'; value?: number } & OfClaim)
  | ({ do: 'fail' | 'timeOut'; retryMs?: number } & OfClaim)
  /** The attempt has timed out, and its handler goes on: the slot stays held until `release`. */
  | ({ do: 'timeOutHeld' | 'release' | 'cancelled' | 'abandoned' } & OfClaim)
  | ({ do: 'note'; line: string } & OfClaim)
  | LeaseStep;

/** Steps for stores with leases only. */
export type LeaseStep =
  /** This replica renews nothing for longer than a lease lasts; the other one does. */
  | { do: 'lapse' }
  | { do: 'renew' }
  | ({ do: 'giveBack' } & OfClaim)
  | ({ do: 'declare'; plan: JobPlan } & OfJob)
  | { do: 'beat' };

/** A step, and the number of the replica that takes it. */
export type Move = Step & { by?: number };

export interface Script {
  limits: { whole: number | null; groups: Record<string, number> };
  moves: Move[];
}

/** One line a move, as `+12 s  claim`: the time since the beginning, and the verb. */
export function asLines({ limits, moves }: Script): string[] {
  let sinceMs = 0;
  const lines: string[] = [];
  if (limits.whole !== null || Object.keys(limits.groups).length > 0)
    lines.push(`limits ${JSON.stringify(limits)}`);
  for (const move of moves) {
    if (move.do === 'wait') sinceMs += move.ms;
    else lines.push(`+${sinceMs / 1_000} s  ${asLine(move)}`);
  }
  return lines;
}

/** The verb and its inputs. */
export function asLine({ do: verb, by, ...inputs }: Move): string {
  const words = Object.entries(inputs).map(
    ([name, value]) => `${name} ${typeof value === 'object' ? JSON.stringify(value) : String(value)}`,
  );
  return `${by === undefined ? '' : `replica ${by} `}${verb} ${words.join(', ')}`.trim();
}
