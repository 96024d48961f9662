import type { SchedulerEvents } from '../model/index.js';
import { type Awaitable, isPromise, type Store, whenReady } from '../ports/index.js';
import { otherZoneinfo, timezonesIn, zoneinfoInUse, zonesThatDiffer } from '../timing/index.js';
import type { StoreDeadline } from './store-deadline.js';

/** The zone rules in use, as `scheduler.started` reports them. */
export type ZoneData = Omit<SchedulerEvents['scheduler.started'], 'at' | 'replica'>;

const NONE: ReadonlySet<string> = new Set();

/**
 * Finds the zones of jobs, stored ones too, for which the system's and the runtime's rules differ. Never rejects:
 * without a response of the store none differ. Call it before the first beat, so that a silent store delays the
 * start once.
 */
export function describeZoneData(store: Store, deadline: StoreDeadline, now: number): Awaitable<ZoneData> {
  const other = otherZoneinfo();
  const { folder, version } = zoneinfoInUse();
  const describe = (zones: Iterable<string>): ZoneData => ({
    timezoneData: version,
    timezoneSource: folder ?? 'runtime',
    otherTimezoneData: other?.version ?? null,
    timezonesThatDiffer: zonesThatDiffer(zones, now).toSorted(),
  });
  if (other === null) return describe(NONE);
  try {
    const zones = deadline.bound(zonesOfJobs(store));
    return isPromise(zones) ? zones.then(describe, () => describe(NONE)) : describe(zones);
  } catch {
    return describe(NONE);
  }
}

function zonesOfJobs(store: Store): Awaitable<Iterable<string>> {
  if (store.timezones) return store.timezones();
  return whenReady(store.listJobs({}), (jobs) => {
    const zones = new Set<string>();
    for (const { state, trigger } of jobs) if (state !== 'finished') timezonesIn(trigger.toJSON(), zones);
    return zones;
  });
}
